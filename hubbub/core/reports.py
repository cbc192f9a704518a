"""Reports: anyone tells the moderators of somebody or of a message.

Law: a report has the reporter's words, never a copy of the message: what is taken back is gone. Each
moderator is shown a report once, at once or on coming back; the audit log has them all.
"""

from __future__ import annotations

from hubbub.core import entries
from hubbub.core.audit import next_number, note, tell_moderators
from hubbub.core.entities import User
from hubbub.core.history import is_kept, readable
from hubbub.core.ids import msgid
from hubbub.core.orderly import HOUR_MS, Report
from hubbub.core.outputs import Answer, Deliver, Event, Output
from hubbub.core.presence import addresses_of, speaker
from hubbub.core.state import State
from hubbub.irc.replies import Refused, Reply, fail, word
from hubbub.irc.times import moment


def report(state: State, entry: entries.Report, out: list[Output]) -> None:
    user = speaker(state, entry.session)
    where = "" if entry.said is None else _where(state, user, entry)
    address = next(iter(addresses_of(state, user)), "")
    _require_measure(state, user, address)
    number = next_number(state)
    text = f"#{number} {user.nick} reports {entry.about}{where}: {entry.text}"
    away = [
        account.id
        for account in state.accounts_by_id.values()
        if account.may("moderator") and not state.user_of(account).sessions
    ]
    unseen = " ".join(map(str, away))
    kept = Report(number, state.now, user.identity, address, text, unseen)
    state.reports[number] = kept
    state.save(kept)
    while len(state.reports) > state.rules.reports:
        _forget(state, next(iter(state.reports.values())))
    note(state, entry.session, out, "report", entry.about, entry.text, detail=where.strip())
    tell_moderators(state, out, text)
    told = Reply("NOTE", ("REPORT", "SENT", word(entry.about), "The moderators have been told"))
    out.append(Answer(entry.session, told))


def unknown_message(id: str) -> Refused:
    """Says that there is no such message that one could read."""
    return fail("REPORT", "UNKNOWN_MSGID", id, text="There is no such message that you could read")


def _where(state: State, user: User, entry: entries.Report) -> str:
    """Which message it is about; refuses whoever couldn't read it."""
    said = entry.said
    assert said is not None
    id = msgid(state.log_id, said.place)
    when = f" at {moment(said.time)}, message {id}"
    if said.room is None:
        if user.identity not in (said.author, said.peer) or not is_kept(state, None, said.time):
            raise unknown_message(id)
        return f" for a whisper{when}"
    member = user.memberships.get(said.room)
    if member is None or not is_kept(state, member.room, said.time):
        raise unknown_message(id)
    seen = readable(state, member)
    if said.place < seen.since or said.status not in seen.statuses:
        raise unknown_message(id)
    return f" in {member.room.name}{when}"


def _require_measure(state: State, user: User, address: str) -> None:
    """Refuses whoever reports too much."""
    made = sum(
        kept.at > state.now - HOUR_MS
        and (kept.reporter == user.identity or (address != "" and kept.address == address))
        for kept in state.reports.values()
    )
    if made >= state.rules.reports_per_hour:
        text = f"You have made {made} reports within an hour: the moderators know. Try again later"
        raise fail("REPORT", "RATE_LIMITED", text=text)


def attend(state: State, entry: entries.Attend, out: list[Output]) -> None:
    presence = state.sessions.get(entry.session)
    if presence is not None:
        show_reports(state, presence.user, out)


def show_reports(state: State, user: User, out: list[Output]) -> None:
    """Shows a user with a role what was reported while it was away."""
    account = user.owner
    if account is None or not user.sessions or not account.may("moderator"):
        return
    for kept in [kept for kept in state.reports.values() if account.id in kept.unseen]:
        text = f"{kept.text} (on {moment(kept.at)})"
        event = Event("WALLOPS", state.rules.server_name, (text,), state.now)
        out.append(Deliver(event, sessions=user.sessions))
        kept.unseen -= {account.id}
        state.save(kept)


def _forget(state: State, kept: Report) -> None:
    del state.reports[kept.number]
    state.erase(kept)
