"""Sessions: any lines before and after registration, and valid ones against the definition of fan-out."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable
from typing import Final

from hubbub.commands.table import ROWS
from hubbub.core.tables import dump, load
from hubbub.edge.session import Phase
from hubbub.irc.capabilities import BY_NAME
from hubbub.irc.framing import SERVER_TAGS_LIMIT, BadLine, Framer
from hubbub.irc.message import parse
from tests.server.rig import Chat, Fast, Plain, renumbered
from tests.world import ALL_CAPABILITIES, LOG_ID, Person, World, stored

LINES_MOST: Final = 60

# -- any lines ----------------------------------------------------------------------------------


def run_session(data: bytes) -> Iterable[Hashable]:
    """What is answered can be read, within its bounds, and the state loads as it was kept.

    Each line begins with a digit, which says who sends it: 0 to 2 are registered, the others not
    yet. After it `LOST` breaks the connection, `SLEEP` lets an hour pass, `RESTART` restarts.
    """
    world = World()
    people: dict[int, Person] = {
        0: world.connect("ann", " ".join(BY_NAME), device="a-device-of-ann-her-own"),
        1: world.connect("bob", ALL_CAPABILITIES),
        2: world.connect("cat"),
    }
    world.account("dan", "secret")
    people[0].send("JOIN #tea")
    for line in data.split(b"\n")[:LINES_MOST]:
        who, said = line[:1], line[1:].removesuffix(b"\r")
        if said == b"RESTART":
            world.restart()
            people.clear()
        elif said == b"SLEEP":
            world.pass_time(3_600_000)
        elif who:
            _say(world, people, who[0] % 8, said)
        for person in people.values():
            yield from _heard(person)
    loaded = load(LOG_ID, world.rules, stored(world.tables))
    assert dump(loaded) == dump(world.state), "what was stored loads otherwise"


def _say(world: World, people: dict[int, Person], number: int, said: bytes) -> None:
    person = people.get(number)
    if person is None or person.closed:
        person = people[number] = world.arrive(secure=number % 2 == 1)
    if said == b"LOST":
        person.lose()
        return
    for line in Framer().feed(said + b"\n"):
        if not isinstance(line, BadLine) and not person.closed:
            person.send(line)


def _heard(person: Person) -> Iterable[Hashable]:
    """Which answers somebody got; each is a line as a client must be able to read it."""
    for text in person.heard():
        (line,) = Framer(SERVER_TAGS_LIMIT).feed(text.encode() + b"\r\n")
        assert not isinstance(line, BadLine), f"longer than a line may be: {text}"
        message = parse(line)
        code = message.params[1] if message.command == "FAIL" else ""
        yield (message.command, code)


SESSION_WORDS: Final = (
    *(f"0{name} ".encode() for name in ROWS),
    *(f"3{name} ".encode() for name in ROWS),
    *(f"CAP REQ :{name}".encode() for name in BY_NAME),
    b"#tea",
    b"#lobby",
    b"#new",
    b"ann",
    b"bob",
    b"cat",
    b"@#tea",
    b"*!*@*",
    b"~a:dan",
    b"+b",
    b"+nt-i+k",
    b"+o ann",
    b"+l 5",
    b"@label=1 ",
    b"@batch=1 ",
    b"@+draft/reply=1;+typing=active ",
    b"@msgid=1;time=2026-01-01T00:00:00.000Z;account=dan ",
    b"\x01ACTION waves\x01",
    b"timestamp=2023-11-14T22:13:20.000Z",
    b"msgid=worlds1",
    b"LATEST #tea * 10",
    b"BATCH +1 draft/multiline #tea\n",
    b"BATCH -1\n",
    b"AUTHENTICATE PLAIN\n",
    b"AGRhbgBzZWNyZXQ=",
    b"\n0",
    b"\n1",
    b"\n3",
    b"\n4LOST\n",
    b"\n0SLEEP\n",
    b"\n0RESTART\n",
    b"x" * 400,
)

# -- valid lines against the definition ---------------------------------------------------------

NICKS: Final = ("ann", "bob", "cat", "dan", "eve")
ROOMS: Final = ("#a", "#b", "#lobby")
CAPABILITIES: Final = (
    "",
    "echo-message labeled-response batch",
    "message-tags server-time labeled-response",
    "message-tags echo-message away-notify",
    "extended-monitor away-notify setname invite-notify extended-join batch labeled-response",
    ALL_CAPABILITIES,
    " ".join(BY_NAME),
)
_SAYINGS: Final = ("PRIVMSG", "NOTICE", "TAGMSG", "@+typing=active TAGMSG", "@+x=1 PRIVMSG")
_PLAIN: Final = (
    "AWAY :gone",
    "AWAY",
    "AWAY *",
    "MONITOR S",
    "MONITOR L",
    "MONITOR C",
    "ISUPPORT",
    "LUSERS",
    "JOIN 0",
    "PING x",
    "PONG x",
    "RUBBISH",
    "LIST",
    "QUIT :bye",
    "LOST",
    "ARRIVE",
)


def make_play(chance: random.Random) -> bytes:
    """What seven people do: a line with their capabilities, then batches of lines, a blank between.

    A line is the number of who says it, and what.
    """
    wanted = " ".join(str(chance.randrange(len(CAPABILITIES))) for _ in range(7))
    batches = []
    for _ in range(chance.randint(1, 10)):
        lines = (f"{chance.randrange(10)} {_line(chance)}" for _ in range(chance.randint(1, 8)))
        batches.append("\n".join(lines))
    return "\n\n".join((wanted, *batches)).encode()


def _line(chance: random.Random) -> str:
    pick, room, nick = chance.choice, chance.choice(ROOMS), chance.choice(NICKS)
    kind = chance.random()
    if kind < 0.3:
        target = pick((room, nick, f"@{room}", f"{room},{pick(ROOMS)}", f"{room},{nick}"))
        line = f"{pick(_SAYINGS)} {target} :{pick(('hi', 'a b', 'x'))}"
    elif kind < 0.6:
        line = f"{pick(('JOIN', 'JOIN', 'PART', 'NAMES', 'TOPIC', 'WHO', 'MODE'))} {room}"
    elif kind < 0.75:
        line = pick(_PLAIN)
    else:
        line = pick(
            (
                f"KICK {room} {nick} :out",
                f"TOPIC {room} :{pick(('', 'a', 'b c'))}",
                f"MODE {room} {pick(('+v', '-v', '+o', '-o', '+b'))} {nick}",
                f"MODE {room} {pick(('+i', '-i', '+m', '-m', '+n', '-n', '+t', '+s', '+k x', '+l 3'))}",
                f"INVITE {nick} {room}",
                f"NICK {pick((*NICKS, 'zoe', 'yan'))}",
                f"MONITOR {pick('+-')} {nick},zoe",
                f"SETNAME :{pick(('A', 'B b'))}",
                f"CHATHISTORY LATEST {room} * 5",
                f"WHOIS {nick}",
                f"JOIN {room},{pick(ROOMS)}",
                f"PART {room} :so long",
            )
        )
    if chance.random() < 0.5 and line not in ("LOST", "ARRIVE"):
        line = f"@label=l;{line[1:]}" if line.startswith("@") else f"@label=l {line}"
    return line


def run_play(data: bytes) -> Iterable[Hashable]:
    """Everyone is shown by the server's fan-out what the definition of fan-out shows them."""
    wanted, *batches = data.decode().split("\n\n")
    capabilities = [CAPABILITIES[int(number)] for number in wanted.split()]
    steps = [
        [(int(line[0]), line[2:]) for line in batch.split("\n") if line[:1].isdigit()]
        for batch in batches
    ]
    fast, plain = Fast(), Plain()
    play(fast, capabilities, steps)
    play(plain, capabilities, steps)
    assert dump(fast.state) == dump(plain.state)
    for session in fast.listeners:
        assert renumbered(fast.written(session)) == renumbered(plain.written(session))
        yield len(fast.written(session)) // 64
    yield sum(map(len, steps))


def play(chat: Chat, capabilities: list[str], batches: list[list[tuple[int, str]]]) -> None:
    """Five people in the lobby and #a, two of them with a second device, do what is told."""
    sessions = []
    for name, asked in zip(NICKS, capabilities, strict=False):
        session = chat.arrive()
        sessions.append(session)
        lines = (
            f"CAP REQ :{asked}",
            f"DEVICE {name}-token-of-its-device",
            f"NICK {name}",
            f"USER {name} 0 * :{name}",
            "CAP END",
        )
        chat.play([(session.id, line) for line in lines])
        chat.play([(session.id, "JOIN #a")])
    for owner, asked in zip(sessions, capabilities[5:7], strict=False):
        device = chat.arrive()
        chat.task(device.id, f"CAP REQ :{asked}")
        chat.attach(device, owner)
    for batch in batches:
        _play_batch(chat, batch)


def _play_batch(chat: Chat, batch: list[tuple[int, str]]) -> None:
    speakers = [known for known in chat.sessions.values() if known.phase is Phase.REGISTERED]
    gone = set()
    lines = []
    for number, words in batch:
        if words == "ARRIVE":
            # The same device again: it takes its name back, or comes back after it left.
            name, new = NICKS[number % len(NICKS)], chat.arrive()
            lines += [
                (new.id, f"DEVICE {name}-token-of-its-device"),
                (new.id, f"NICK {name}"),
                (new.id, f"USER {name} 0 * :{name}"),
            ]
        elif speakers:
            session = speakers[number % len(speakers)]
            if session.id not in gone:
                lines.append((session.id, words))
            if "QUIT" in words or words == "LOST":
                gone.add(session.id)
    chat.play(lines)
