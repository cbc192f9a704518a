"""What a session is shown when it arrives: the welcome, and each room that it enters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from hubbub import __version__
from hubbub.commands.metadata import of_room_entered, own_metadata
from hubbub.commands.missed import missed_since_leaving, missed_while_gone, whispers_missed
from hubbub.commands.names import names_of
from hubbub.commands.packing import packed
from hubbub.commands.settings import own_settings
from hubbub.core.entities import Member, Room, User
from hubbub.core.happening import did
from hubbub.core.history import kept_days
from hubbub.core.ids import RoomId
from hubbub.core.invitations import told_now
from hubbub.core.outputs import Introduced
from hubbub.core.reading import marker_of
from hubbub.core.retention import retention_of
from hubbub.core.rules import Rules
from hubbub.core.state import State
from hubbub.edge.session import Session
from hubbub.edge.work import Batched, Block, Fetch, Shown
from hubbub.irc.masks import ACCOUNT_EXTBAN, EXTBAN
from hubbub.irc.modes import CHANMODES, PREFIX, ROOM_MODES, USER_MODES
from hubbub.irc.names import STATUS_PREFIXES
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric

TOKENS_PER_LINE: Final = 12
NEW_MS: Final = 600_000
"""For how long after an account was made its owner is a newcomer, in milliseconds."""

Reading = Callable[[Session, State], Sequence[Shown | Fetch]]
"""What a Lookup reads."""


def show_welcome(session: Session, state: State) -> Sequence[Shown | Fetch]:
    """Everything between registration and the first room (https://modern.ircdocs.horse/#rplwelcome-001)."""
    presence = state.sessions.get(session.id)
    if presence is None:
        return []
    user, rules = presence.user, state.rules
    replies: list[Shown | Fetch] = [
        numeric(Numeric.RPL_WELCOME, text=f"Welcome to {rules.network}, {user.source}"),
        _about(rules, _created(state)),
        *isupport(session, rules),
        *lusers(state),
        *own_metadata(session, state, user),
        motd(rules),
        *welcome(user, rules),
        *own_settings(session, state),
    ]
    for member in user.memberships.values():
        replies.append(did(state, user, "JOIN", (member.room.name,)))
        replies += _inside(session, state, member)
        replies += missed_while_gone(session, state, member)
    replies += whispers_missed(session, state, user)
    replies += told_now(state, user)
    return replies


def _created(state: State) -> int:
    """When the server was created, in minutes since 1970 UTC."""
    lobby = state.room_named(state.rules.lobby)
    return (state.now if lobby is None else lobby.created) // 60_000


@lru_cache(maxsize=4)
def _about(rules: Rules, created: int) -> Block:
    """What the server is."""
    since = f"{datetime.fromtimestamp(created * 60, UTC):%Y-%m-%d at %H:%M UTC}"
    return Block(
        (
            numeric(
                Numeric.RPL_YOURHOST,
                text=f"Your host is {rules.server_name}, running Hubbub {__version__}",
            ),
            numeric(Numeric.RPL_CREATED, text=f"This server was created {since}"),
            numeric(
                Numeric.RPL_MYINFO,
                rules.server_name,
                f"hubbub-{__version__}",
                "".join(sorted(USER_MODES)),
                "".join(sorted(ROOM_MODES)),
            ),
        )
    )


def isupport(session: Session, rules: Rules) -> Sequence[Block | Batched]:
    """RPL_ISUPPORT (https://modern.ircdocs.horse/#rplisupport-005), in a batch for who asked so."""
    block = _isupport(rules)
    if session.has("batch") and session.has("draft/extended-isupport"):
        return [Batched("draft/isupport", (), block.replies)]
    return [block]


@lru_cache(maxsize=4)
def _isupport(rules: Rules) -> Block:
    lines = packed(isupport_tokens(rules))
    return Block(
        tuple(
            numeric(Numeric.RPL_ISUPPORT, *line.split(" ")[start : start + TOKENS_PER_LINE])
            for line in lines
            for start in range(0, line.count(" ") + 1, TOKENS_PER_LINE)
        )
    )


def isupport_tokens(rules: Rules) -> list[str]:
    """What the server says of itself, each token once."""
    tokens = [
        f"NETWORK={rules.network.replace(' ', chr(92) + 'x20')}",
        "CASEMAPPING=ascii",
        "CHANTYPES=#",
        f"CHANMODES={CHANMODES}",
        f"PREFIX={PREFIX}",
        f"STATUSMSG={STATUS_PREFIXES}",
        f"CHANLIMIT=#:{rules.rooms_per_user}",
        f"MAXLIST=beIq:{rules.list_entries}",
        f"MODES={rules.modes}",
        f"NICKLEN={rules.nick_bytes}",
        f"USERLEN={rules.user_bytes}",
        f"HOSTLEN={rules.host_bytes}",
        f"CHANNELLEN={rules.room_bytes}",
        f"TOPICLEN={rules.topic_bytes}",
        f"AWAYLEN={rules.away_bytes}",
        f"KICKLEN={rules.kick_bytes}",
        f"NAMELEN={rules.realname_bytes}",
        f"MONITOR={rules.monitor_entries}",
        f"SILENCE={rules.settings}",
        f"EXTBAN={EXTBAN}",
        f"ACCOUNTEXTBAN={ACCOUNT_EXTBAN}",
        f"TARGMAX=PRIVMSG:{rules.targets},NOTICE:{rules.targets},TAGMSG:{rules.targets}"
        f",JOIN:,PART:,KICK:{rules.targets},WHOIS:1,LIST:,NAMES:",
        "EXCEPTS=e",
        "INVEX=I",
        "ELIST=CMNTU",
        "SAFELIST",
        "WHOX",
        "BOT=B",
        "UTF8ONLY",
        f"CHATHISTORY={rules.history_page}",
        "MSGREFTYPES=msgid,timestamp",
    ]
    if rules.icon:
        tokens.append(f"draft/ICON={rules.icon}")
    return tokens


def lusers(state: State) -> list[Reply]:
    """How many are here (https://modern.ircdocs.horse/#lusers-message)."""
    here, most = state.online, state.counter("most_users")
    operators = sum(
        account.may("moderator") and state.user_of(account).present
        for account in state.accounts_by_id.values()
    )
    return [
        numeric(
            Numeric.RPL_LUSERCLIENT,
            text=f"There are {here - state.invisible} users and {state.invisible} invisible on 1 servers",
        ),
        numeric(Numeric.RPL_LUSEROP, str(operators), text="operator(s) online"),
        numeric(Numeric.RPL_LUSERCHANNELS, str(len(state.rooms)), text="rooms formed"),
        numeric(Numeric.RPL_LUSERME, text=f"I have {here} clients and 0 servers"),
        numeric(
            Numeric.RPL_LOCALUSERS,
            str(here),
            str(most),
            text=f"Current local users {here}, max {most}",
        ),
        numeric(
            Numeric.RPL_GLOBALUSERS,
            str(here),
            str(most),
            text=f"Current global users {here}, max {most}",
        ),
    ]


@lru_cache(maxsize=4)
def motd(rules: Rules) -> Block:
    """The message of the day, or that there is none (https://modern.ircdocs.horse/#motd-message)."""
    if not rules.motd:
        return Block((numeric(Numeric.ERR_NOMOTD),))
    lines = [numeric(Numeric.RPL_MOTD, text=f"- {line}") for line in rules.motd.splitlines()]
    start = numeric(Numeric.RPL_MOTDSTART, text=f"- {rules.server_name} Message of the day - ")
    return Block((start, *lines, numeric(Numeric.RPL_ENDOFMOTD)))


def follows(session: Session) -> bool:
    """Whether a session that asks for a room by a name that it had is brought there.

    Whoever knows of RENAME is told and goes there by itself.
    """
    return not session.has("draft/channel-rename")


def welcome(user: User, rules: Rules) -> list[Reply]:
    """The operator's words for newcomers: guests, and who has just registered."""
    if user.owner is not None and user.signed_on - user.owner.created > NEW_MS:
        return []
    return [Reply("NOTICE", (user.nick, line)) for line in rules.welcome_text.splitlines() if line]


def before_join(name: str, there: list[Member]) -> Reading:
    """Puts into `there` what a session that is about to join a room is in it already, if it is."""

    def read(session: Session, state: State) -> Sequence[Shown | Fetch]:
        member = _membership(session, state, name)
        if member is not None:
            there.append(member)
        return []

    return read


def after_join(name: str, there: Sequence[Member]) -> Reading:
    """What shows a room to a session which has just asked to join it.

    One that was `there` before sees topic and names again, but not again what was said: many clients
    join by themselves the rooms that they know, the lobby too.
    """

    def read(session: Session, state: State) -> Sequence[Shown | Fetch]:
        member = _membership(session, state, name)
        if member is None:
            return []
        shown = _inside(session, state, member)
        return shown if there else [*shown, *missed_since_leaving(session, state, member)]

    return read


def introduction(session: Session, state: State, output: Introduced) -> list[Shown]:
    """What shows a room to a session that another device of its user has brought there.

    Without what was said before: whoever wants that on several devices has chathistory.
    """
    name = output.room
    if output.instead_of == "RENAME" and not follows(session):
        return []
    member = _membership(session, state, name)
    return [] if member is None else _inside(session, state, member)


def arriving(lobby: str) -> tuple[Reading, Reading]:
    """What shows the welcome, and what then shows the lobby unless the session is there already.

    A device that takes its user back finds it in its rooms, and the welcome has shown them.
    """
    there: list[Member] = []

    def welcome(session: Session, state: State) -> Sequence[Shown | Fetch]:
        before_join(lobby, there)(session, state)
        return show_welcome(session, state)

    def enter(session: Session, state: State) -> Sequence[Shown | Fetch]:
        return [] if there else after_join(lobby, there)(session, state)

    return welcome, enter


def moving() -> tuple[Reading, Reading]:
    """What notes where a session is before it becomes another user's, and what then shows the rest."""
    rooms: set[RoomId] = set()

    def before(session: Session, state: State) -> Sequence[Shown | Fetch]:
        presence = state.sessions.get(session.id)
        rooms.update(presence.user.memberships if presence is not None else ())
        return ()

    def after(session: Session, state: State) -> Sequence[Shown | Fetch]:
        presence = state.sessions.get(session.id)
        members = presence.user.memberships.values() if presence is not None else ()
        shown: list[Shown | Fetch] = []
        for member in members:
            if member.room.id not in rooms:
                shown.append(did(state, member.user, "JOIN", (member.room.name,)))
                shown += _inside(session, state, member)
                shown += missed_while_gone(session, state, member)
        if presence is not None:
            shown += [*own_settings(session, state), *told_now(state, presence.user)]
        return shown

    return before, after


def _membership(session: Session, state: State, name: str) -> Member | None:
    presence = state.sessions.get(session.id)
    room = state.room_called(name) if follows(session) else state.room_named(name)
    return None if presence is None or room is None else room.members.get(presence.user.id)


def _inside(session: Session, state: State, member: Member) -> list[Shown]:
    """The topic and the names."""
    room = member.room
    replies: list[Shown] = []
    if session.has("draft/read-marker"):
        replies.append(marker_of(state, member.user, room))
    if room.topic:
        replies += topic_of(room)
    if kept_days(state.rules, room):
        replies.append(retention_of(state, room))
    if not (session.has("no-implicit-names") or session.has("draft/no-implicit-names")):
        replies += names_of(session, room, inside=True)
    replies += of_room_entered(session, state, room)
    return replies


def topic_of(room: Room) -> list[Reply]:
    """The topic and who set it, or that there is none."""
    if not room.topic:
        return [numeric(Numeric.RPL_NOTOPIC, room.name)]
    return [
        numeric(Numeric.RPL_TOPIC, room.name, text=room.topic),
        numeric(Numeric.RPL_TOPICWHOTIME, room.name, room.topic_by, str(room.topic_at // 1000)),
    ]
