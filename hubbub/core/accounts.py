"""Accounts: registering, logging in, changing and deleting them.

Law: a password never comes here, only the verdict on one or what it is checked against (design,
law 4). A registered name has its user for as long as the account is there, so that nobody else
can take it and whoever is offline can be written to.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.admission import admit
from hubbub.core.attributes import account_changed, change_host, change_realname, host_for
from hubbub.core.audit import note
from hubbub.core.certifying import forget_certificates
from hubbub.core.choosing import move_settings
from hubbub.core.codes import DAY_SECONDS, RESETS, Code, Kind
from hubbub.core.describing import show_newcomer
from hubbub.core.entities import ROLES, Account, Member, User
from hubbub.core.happening import did, happened
from hubbub.core.ids import NO_SESSION, AccountId, SessionId, numbered
from hubbub.core.invitations import move_invitations
from hubbub.core.measures import BAN, Signs
from hubbub.core.missed import forget_last_seen, move_last_seen
from hubbub.core.outputs import (
    Answer,
    Deliver,
    Departed,
    Entered,
    Erased,
    Event,
    HangUp,
    Introduced,
    LoggedIn,
    Output,
    Record,
    Rekeyed,
    Renamed,
    Seen,
)
from hubbub.core.pending import Pending
from hubbub.core.pins import forget_pins_of, rename_pins_of
from hubbub.core.presence import (
    LOCKDOWN,
    LOCKED,
    come_back,
    depart,
    end_session,
    forget_sent,
    go_offline,
    held_for_another,
    is_account_banned,
    leave_room,
    mute_of,
    require_role,
    speaker,
    whowas,
)
from hubbub.core.reading import forget_markers, move_markers
from hubbub.core.registered_rooms import bequeath
from hubbub.core.reports import show_reports
from hubbub.core.state import State
from hubbub.core.ways_back import close_ways_back, inherit_reading, move_ways_back
from hubbub.irc.names import fold_nick
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, fail, numeric, refuse


def find_account(state: State, id: int) -> Account:
    """The account of that id; refuses when it was deleted."""
    account = state.accounts_by_id.get(AccountId(id))
    if account is None:
        raise refuse(Numeric.ERR_SASLFAIL, text="This account has been deleted")
    return account


def logged_in(user: User) -> Reply:
    """RPL_LOGGEDIN for a session of the account's user."""
    text = f"You are now logged in as {user.account}"
    return numeric(Numeric.RPL_LOGGEDIN, user.source, user.account, text=text)


# -- registering --------------------------------------------------------------------------


def register(state: State, entry: entries.Register, out: list[Output]) -> None:
    """Makes an account of a guest in place, or one whose user comes when it logs in."""
    presence = state.sessions.get(entry.session)
    user = None if presence is None else presence.user
    if user is not None and user.owner is not None:
        text = f"You are logged in as {user.account} already"
        raise fail("REGISTER", "ALREADY_AUTHENTICATED", user.account, text=text)
    require_free(state, entry, user)
    device = entry.device if user is None else user.device
    if entry.invite and not admit(state, entry.invite, device, entry.session):
        text = "Your invite is over: ask for another one"
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", entry.name, text=text)
    if entry.session != NO_SESSION and state.rules.registration == "mail":
        _wait_for_confirmation(state, entry)
        return
    account = make_account(state, entry, user, out)
    if entry.digest:
        issue(state, "address", entry.digest, account.id)


def make_account(
    state: State,
    entry: entries.Register,
    user: User | None,
    out: list[Output],
    *,
    confirmed: int = 0,
    command: str = "REGISTER",
) -> Account:
    """The account that an entry wants and that nothing is in the way of; its session is told."""
    role = entry.role if entry.session == NO_SESSION and entry.role in ROLES else ROLES[0]
    account = Account(
        AccountId(state.take_id("account")),
        entry.name if user is None else user.nick,
        role,
        entry.verifier,
        entry.scram,
        entry.email,
        state.now,
        confirmed,
    )
    holder = state.user_named(entry.name) if user is None else user
    state.add_account(account)
    if holder is None:
        _absent_user(state, account, entry.skeleton)
    else:
        _own(state, holder, account, out)
    give_role(state, account, role, out)
    if entry.session == NO_SESSION:
        note(state, entry.session, out, "account made", account.name, detail=role)
        return account
    text = f"{account.name} is now your account: log in with it from anywhere"
    out.append(Answer(entry.session, Reply(command, ("SUCCESS", account.name, text))))
    out.append(Answer(entry.session, logged_in(state.user_of(account))))
    if user is None:
        out.append(LoggedIn(entry.session, account.id, account.name))
    return account


def _wait_for_confirmation(state: State, entry: entries.Register) -> None:
    """Keeps what an account will be made of when its address is confirmed."""
    if not entry.digest or len(state.pending) >= state.rules.pending:
        text = "Too many registrations wait for their addresses to be confirmed: try again later"
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", entry.name, text=text)
    pending = Pending(
        state.take_id("pending"),
        entry.name,
        entry.digest,
        entry.verifier,
        entry.scram,
        entry.email,
        entry.device,
        state.now + DAY_SECONDS * 1000,
        entry.skeleton,
    )
    state.pending[pending.number] = pending
    state.save(pending)


def issue(
    state: State,
    kind: Kind,
    digest: str,
    account: int = 0,
    maker: int = 0,
    seconds: int = DAY_SECONDS,
    uses: int = 1,
) -> int:
    """Takes in a code of which this is the hash; the code's number."""
    until = state.now + seconds * 1000
    whose, by = AccountId(account), AccountId(maker)
    code = Code(state.take_id("code"), kind, digest, whose, by, state.now, until, uses)
    state.codes.put(code)
    state.save(code)
    return code.number


def require_free(state: State, entry: entries.Register, user: User | None) -> None:
    if user is not None and fold_nick(entry.name) != user.folded:
        text = f"Your name is your account: change your name to {entry.name} first"
        raise fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", entry.name, text=text)
    if state.account_named(entry.name) is not None:
        text = f"{entry.name} is registered already: log in, or choose another name"
        raise fail("REGISTER", "ACCOUNT_EXISTS", entry.name, text=text)
    if len(state.accounts) >= state.rules.accounts:
        text = "This server has as many accounts as it is set to hold"
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", entry.name, text=text)
    if user is not None:
        _require_voice(state, user)
        return
    holder = state.user_named(entry.name)
    signs = Signs(
        fold_nick(entry.name),
        (f"{entry.name}!*@{entry.address}",),
        (entry.address,),
        entry.device,
    )
    if entry.session != NO_SESSION and state.measures.against(BAN, signs, state.now):
        text = "You are banned from this server"
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", entry.name, text=text)
    if entry.session != NO_SESSION and state.counter(LOCKDOWN):
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", entry.name, text=LOCKED)
    taken = holder is not None and not (entry.device and holder.device == entry.device)
    if taken or held_for_another(state, fold_nick(entry.name), entry.device):
        text = f"A guest is called {entry.name} at the moment: choose another name"
        raise fail("REGISTER", "BAD_ACCOUNT_NAME", entry.name, text=text)
    twin = state.looks.like(entry.skeleton, holder)
    if twin is not None:
        text = f"This name looks the same as {twin.nick}, who is somebody else: choose another"
        raise fail("REGISTER", "BAD_ACCOUNT_NAME", entry.name, text=text)


def _require_voice(state: State, user: User) -> None:
    """Refuses somebody who is muted, as the mute would stay with the guest."""
    made = mute_of(state, user)
    if made is not None:
        text = f"You are muted{made.terms}: register when that is over"
        raise fail("REGISTER", "TEMPORARILY_UNAVAILABLE", user.nick, text=text)


def _absent_user(state: State, account: Account, skeleton: str) -> User:
    held = state.held.pop(account.folded, None)
    if held is not None:
        state.erase(held)
    name, now = account.name, state.now
    user = User(
        state.take_id("user"),
        name,
        "~user",
        host_for(state, account, state.rules.server_name),
        name,
        "",
        "",
        "",
        now,
        now,
        account,
        now,
        skeleton,
    )
    state.add_user(user)
    return user


def _own(state: State, user: User, account: Account, out: list[Output]) -> None:
    """Gives a guest's user to an account: its whispers and send-once ids go along."""
    before = user.identity
    user.owner, user.device = account, ""
    user.identify()
    state.save(user)
    for old, new in state.sent.move(before, user.identity):
        state.erase(old)
        state.save(new)
    move_markers(state, before, user.identity)
    move_last_seen(state, before, user.identity)
    move_settings(state, before, user.identity)
    move_invitations(state, before, user.identity)
    move_ways_back(state, before, user)
    rename_pins_of(state, before, user.identity)
    out.append(Record(Rekeyed(before, user.identity)))
    account_changed(state, user, out)
    change_host(state, user, user.username, host_for(state, account, user.host), out)


def _show_role(state: State, user: User, out: list[Output]) -> None:
    """Keeps user mode +o in step with the account's role."""
    is_operator = user.may("moderator")
    if ("o" in user.modes) == is_operator:
        return
    rest = user.modes.replace("o", "")
    user.modes = "".join(sorted(rest + "o")) if is_operator else rest
    state.save(user)
    sign = "+o" if is_operator else "-o"
    change = Event("MODE", state.rules.server_name, (user.nick, sign), state.now)
    out.append(Deliver(change, sessions=user.sessions))


# -- logging in ---------------------------------------------------------------------------


def login(state: State, entry: entries.Login, out: list[Output]) -> None:
    """A session that is here already becomes one of the account's."""
    before = speaker(state, entry.session)
    account = find_account(state, entry.account)
    reason = is_account_banned(state, account)
    if reason is not None:
        raise refuse(Numeric.ERR_SASLFAIL, text=reason)
    user = state.user_of(account)
    if before is not user:
        _move_session(state, entry.session, before, user, out)
    out.append(Answer(entry.session, logged_in(user)))
    out.append(Answer(entry.session, numeric(Numeric.RPL_SASLSUCCESS)))
    show_reports(state, user, out)


def _move_session(
    state: State, session: SessionId, before: User, user: User, out: list[Output]
) -> None:
    """From a guest, or another account, to the account's user: it stays in the guest's rooms."""
    presence = state.sessions[session]
    rooms = set(before.memberships)
    calling = did(state, before, "NICK", (user.nick,))
    state.detach(session)
    if user.left:
        change_realname(state, user, before.realname, out)
        host = host_for(state, user.owner, presence.host or before.host)
        change_host(state, user, before.username, host, out)
        come_back(state, user, out)
    if before.owner is None:
        _leave_guest(state, session, before, user, out)
    else:
        _leave_account(state, session, before, user, out)
    state.attach(
        session, user, presence.secure, presence.host, presence.address, presence.certificate
    )
    out.append(Deliver(calling, sessions=(session,)))
    out.append(Renamed((session,), user.nick))
    out.extend(Entered(room, (session,)) for room in user.memberships if room not in rooms)


def _leave_guest(
    state: State, session: SessionId, guest: User, user: User, out: list[Output]
) -> None:
    """The guest goes; where it was, the account's user is, with its ranks."""
    members = tuple(guest.memberships.values())
    rooms = tuple(member.room for member in members)
    goodbye = happened(state, out, guest, "QUIT", rooms, (f"Logged in as {user.nick}",))
    out.append(Deliver(goodbye, tuple(room.id for room in rooms), without=(session,)))
    out.append(Record(whowas(state, guest)))
    out.append(Seen(guest.nick))
    for member in members:
        _inherit(state, session, member, user, out)
        leave_room(state, member)
    move_invitations(state, guest.identity, user.identity)
    move_ways_back(state, guest.identity, user)
    state.remove_user(guest)


def _inherit(
    state: State, session: SessionId, member: Member, user: User, out: list[Output]
) -> None:
    room, own = member.room, member.room.members.get(user.id)
    if own is None:
        own = state.add_member(room, user, "")
        out.append(Entered(room.id, user.sessions))
        joining = happened(state, out, user, "JOIN", (room,), ())
        out.append(Deliver(joining, (room.id,), user.sessions, without=(session,)))
        show_newcomer(state, user, room, out)
        out.append(Introduced(room.name, user.sessions))
    inherit_reading(state, own, member)
    gained = "".join(rank for rank in member.ranks if rank not in own.ranks)
    if gained:
        state.give_ranks(own, own.ranks + gained)
        params = (f"+{gained}", *(user.nick for _ in gained))
        change = happened(state, out, user, "MODE", (room,), params)
        out.append(Deliver(change, (room.id,), (*user.sessions, session)))


def _leave_account(
    state: State, session: SessionId, before: User, user: User, out: list[Output]
) -> None:
    """The session leaves the rooms of another account, which itself stays in them."""
    for member in before.memberships.values():
        room = member.room
        if room.id in user.memberships:
            continue
        parting = did(state, before, "PART", (room.name,))
        out.append(Deliver(parting, sessions=(session,)))
        out.append(Departed(room.id, (session,)))
    if not before.sessions:
        go_offline(state, before, out)


# -- changing -----------------------------------------------------------------------------


def named(state: State, entry: entries.Entry, name: str) -> Account:
    """The account that an entry changes: one's own, or for the console and admins any."""
    account = state.account_named(name)
    if entry.session != NO_SESSION:
        user = speaker(state, entry.session)
        if user.owner is None or (user.owner is not account and not user.may("admin")):
            raise refuse(Numeric.ERR_NOPRIVILEGES, text="That isn't your account")
    if account is None:
        raise fail("ACCOUNT", "ACCOUNT_UNKNOWN", name, text=f"There is no account {name}")
    return account


def is_own(state: State, session: SessionId, account: Account) -> bool:
    """Whether an account is that of a session's user."""
    return session != NO_SESSION and speaker(state, session).owner is account


def set_password(state: State, entry: entries.SetPassword, out: list[Output]) -> None:
    account = named(state, entry, entry.name)
    if not is_own(state, entry.session, account):
        note(state, entry.session, out, "password", account.name)
        forget_certificates(state, account)
    account.verifier, account.scram = entry.verifier, entry.scram
    state.save(account)
    end_access(state, account, entry.session, "The password of your account was changed", out)
    if entry.session != NO_SESSION:
        text = "Your password was changed"
        reply = Reply("NOTE", ("ACCOUNT", "PASSWORD_CHANGED", account.name, text))
        out.append(Answer(entry.session, reply))


def end_access(
    state: State, account: Account, but: SessionId, reason: str, out: list[Output]
) -> None:
    """With a new password: who came in by the old one, or could by a code, is no longer let in."""
    _end_resets(state, account)
    for session in state.user_of(account).sessions:
        if session != but:
            out.append(HangUp(session, f"{reason}: log in with the new one"))
            end_session(state, session, reason, out)


def _end_resets(state: State, account: Account) -> None:
    for kind in RESETS:
        for code in state.codes.of(kind, account.id):
            state.end_code(code)


def set_role(state: State, entry: entries.SetRole, out: list[Output]) -> None:
    require_role(state, entry.session, "admin")
    account = named(state, entry, entry.name)
    if account.role == entry.role:
        return
    detail = f"{account.role} to {entry.role}"
    note(state, entry.session, out, "role", account.name, detail=detail)
    give_role(state, account, entry.role, out)


def give_role(state: State, account: Account, role: str, out: list[Output]) -> None:
    """Changes an account's role; with an admin there is nothing left to claim."""
    account.role = role
    state.save(account)
    # A code that another made for a member isn't to open what a moderator may do.
    _end_resets(state, account)
    if not account.may(state.rules.inviters):
        close_invites_of(state, account)
    if account.may("admin"):
        _end_claims(state)
    _show_role(state, state.user_of(account), out)
    show_reports(state, state.user_of(account), out)


def _end_claims(state: State) -> None:
    for code in state.codes.of("claim"):
        state.end_code(code)


def close_invites_of(state: State, account: Account) -> None:
    """Somebody may no longer let others in: nobody new comes by the invites that it made.

    Those who came by them before go on coming, until the invite ends or is revoked.
    """
    for code in state.codes.of("invite"):
        if code.maker == account.id and code.uses:
            code.uses = 0
            state.save(code)


def delete_account(state: State, entry: entries.DeleteAccount, out: list[Output]) -> None:
    """Ends an account: its name is free, its whispers are nobody's, its messages if wished gone."""
    account = named(state, entry, entry.name)
    user, reason = state.user_of(account), "Account deleted"
    if not is_own(state, entry.session, account):
        detail = "with its messages" if entry.messages else ""
        note(state, entry.session, out, "account deleted", account.name, detail=detail)
    out.extend(HangUp(session, reason) for session in user.sessions)
    for session in user.sessions:
        state.detach(session)
        out.extend(Departed(room, (session,)) for room in user.memberships)
    depart(state, user, reason, out, recorded=not entry.messages)
    if not entry.messages:
        out.append(Record(whowas(state, user)))
    forget_sent(state, state.sent.of(user.identity))
    out.append(Seen(user.nick))
    state.remove_user(user)
    forget_markers(state, account.identity)
    forget_last_seen(state, account.identity)
    for invitation in state.invitations.of(account.identity):
        state.end_invitation(invitation)
    close_ways_back(state, account.identity)
    bequeath(state, account, out)
    close_invites_of(state, account)
    forget_certificates(state, account)
    for code in [code for code in state.codes if code.account == account.id]:
        state.end_code(code)
    if entry.messages:
        forget_pins_of(state, account.identity)
    state.remove_account(account)
    out.append(Record(Erased(account.identity, account.folded, entry.messages)))


def note_export(state: State, entry: entries.NoteExport, out: list[Output]) -> None:
    """Puts into the audit log that the operator reads all that is kept of somebody."""
    require_role(state, entry.session, "admin")
    account = named(state, entry, entry.name)
    note(state, entry.session, out, "account exported", account.name)


def revoke_session(state: State, entry: entries.RevokeSession, out: list[Output]) -> None:
    """Ends a session of one's own user, most likely another device's."""
    user = speaker(state, entry.session)
    target = numbered(user.sessions).get(entry.target, SessionId(entry.target))
    if target not in user.sessions:
        text = "You have no session of that number: SESSIONS lists them"
        raise fail("SESSIONS", "SESSION_UNKNOWN", str(entry.target), text=text)
    reason = "Ended from one of your devices"
    out.append(HangUp(target, reason))
    end_session(state, target, reason, out)
    if target != entry.session:
        ended = ("SESSIONS", "SESSION_ENDED", str(entry.target), "That session was ended")
        out.append(Answer(entry.session, Reply("NOTE", ended)))
