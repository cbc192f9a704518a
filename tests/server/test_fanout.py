"""Fan-out: what everyone is shown is what the definition says, at the cost of events + recipients."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hubbub.core.outputs import Event
from hubbub.core.tables import dump
from hubbub.edge.egress import Gate
from hubbub.edge.session import Phase
from hubbub.irc.capabilities import BY_NAME
from tests.server.rig import Chat, Fast, Plain, renumbered
from tests.world import ALL_CAPABILITIES

NICKS = ("ann", "bob", "cat", "dan", "eve")
ROOMS = ("#a", "#b", "#lobby")
CAPABILITIES = (
    "",
    "echo-message labeled-response batch",
    "message-tags server-time labeled-response",
    "message-tags echo-message away-notify",
    "extended-monitor away-notify setname invite-notify extended-join batch labeled-response",
    ALL_CAPABILITIES,
    " ".join(BY_NAME),
)

room = st.sampled_from(ROOMS)
nick = st.sampled_from(NICKS)
text = st.sampled_from(("hi", "a b", "x"))
to_rooms = st.builds(
    "{} {}".format, st.sampled_from(("JOIN", "PART", "NAMES", "TOPIC", "WHO")), room
)
said = st.builds(
    "{}{} {} :{}".format,
    st.sampled_from(("", "@+typing=active ")),
    st.sampled_from(("PRIVMSG", "NOTICE", "TAGMSG")),
    st.one_of(
        room,
        nick,
        st.builds("@{}".format, room),
        st.builds("{},{}".format, room, room),
        st.builds("{},{}".format, room, nick),
    ),
    text,
)
line = st.one_of(
    said,
    said,
    to_rooms,
    to_rooms,
    st.builds("KICK {} {}".format, room, nick),
    st.builds("TOPIC {} :{}".format, room, text),
    st.builds("MODE {} +v {}".format, room, nick),
    st.builds("INVITE {} {}".format, nick, room),
    st.builds("NICK {}".format, st.one_of(nick, st.sampled_from(("zoe", "yan")))),
    st.builds("MONITOR {} {}".format, st.sampled_from("+-"), nick),
    st.builds("MONITOR + {},{}".format, nick, st.just("zoe")),
    st.builds("SETNAME :{}".format, text),
    st.builds("RENAME {} {}".format, room, st.sampled_from(("#A", "#c", "#b"))),
    st.builds("METADATA {} SET a :{}".format, st.one_of(st.just("*"), room), text),
    st.builds("METADATA * {} a".format, st.sampled_from(("SUB", "UNSUB"))),
    st.builds("CHATHISTORY LATEST {} * 5".format, room),
    st.sampled_from(
        (
            "AWAY :gone",
            "AWAY",
            "AWAY *",
            "MONITOR S",
            "MONITOR C",
            "ISUPPORT",
            "JOIN 0",
            "PING x",
            "PONG x",
            "RUBBISH",
            "QUIT :bye",
            "LOST",
            "ARRIVE",
        )
    ),
)
labelled = st.builds(
    lambda wanted, line: _with_label(line) if wanted else line, st.booleans(), line
)
step = st.tuples(st.integers(0, 9), labelled)
scenario = st.lists(st.lists(step, min_size=1, max_size=8), min_size=1, max_size=8)


def _with_label(line: str) -> str:
    if line in ("LOST", "ARRIVE"):
        return line
    return f"@label=l;{line[1:]}" if line.startswith("@") else f"@label=l {line}"


def gather_people(chat: Chat, capabilities: list[str]) -> None:
    """Five people in the lobby and room #a; the last two sessions are further devices of ann and bob."""
    for name, wanted in zip(NICKS, capabilities, strict=False):
        session = chat.arrive()
        chat.play(
            [
                (session.id, f"CAP REQ :{wanted}"),
                (session.id, f"DEVICE {name}-token-of-its-device"),
                (session.id, f"NICK {name}"),
                (session.id, f"USER {name} 0 * :{name}"),
                (session.id, "CAP END"),
            ]
        )
        chat.play([(session.id, "JOIN #a")])
    first, second, *_ = chat.sessions.values()
    for owner, wanted in ((first, capabilities[5]), (second, capabilities[6])):
        device = chat.arrive()
        chat.task(device.id, f"CAP REQ :{wanted}")
        chat.attach(device, owner)


def play(chat: Chat, capabilities: list[str], batches: list[list[tuple[int, str]]]) -> None:
    gather_people(chat, capabilities)
    for batch in batches:
        speakers = [known for known in chat.sessions.values() if known.phase is Phase.REGISTERED]
        gone = set()
        lines = []
        for number, words in batch:
            if words == "ARRIVE":
                # The same device again: it takes its name back, or comes back after it left.
                name = NICKS[number % len(NICKS)]
                new = chat.arrive()
                lines += [
                    (new.id, f"DEVICE {name}-token-of-its-device"),
                    (new.id, f"NICK {name}"),
                    (new.id, f"USER {name} 0 * :{name}"),
                ]
                continue
            if not speakers:
                continue
            session = speakers[number % len(speakers)]
            if session.id not in gone:
                lines.append((session.id, words))
            if "QUIT" in words or words == "LOST":
                gone.add(session.id)
        chat.play(lines)


@settings(max_examples=200)
@given(scenario, st.lists(st.sampled_from(CAPABILITIES), min_size=7, max_size=7))
def test_everyone_is_shown_what_the_definition_says(
    batches: list[list[tuple[int, str]]], capabilities: list[str]
) -> None:
    fast, plain = Fast(), Plain()
    play(fast, capabilities, batches)
    play(plain, capabilities, batches)
    assert dump(fast.state) == dump(plain.state)
    for session in fast.listeners:
        assert renumbered(fast.written(session)) == renumbered(plain.written(session))


class Counting(Gate):
    """A gate that counts how many events it encodes for everybody."""

    def __init__(self, server_name: str, log_id: str) -> None:
        super().__init__(server_name, log_id)
        self.encoded = 0

    def encode(self, event: Event, variant: int) -> bytes:
        self.encoded += 1
        return super().encode(event, variant)


@pytest.mark.parametrize("rooms", [["#a"], ["#a", "#lobby"]])
def test_it_costs_events_and_recipients_not_their_product(rooms: list[str]) -> None:
    chat = Fast()
    gate = chat.gate = Counting(chat.gate.server_name, "worlds")
    sessions = []
    for number in range(60):
        session = chat.arrive()
        wanted = ("", "message-tags", "server-time message-tags")[number % 3]
        lines = (f"CAP REQ :{wanted}", f"NICK n{number}", "USER n 0 * :n", "CAP END")
        chat.play([(session.id, line) for line in lines])
        chat.play([(session.id, f"JOIN {room}") for room in rooms])
        sessions.append(session)
    gate.encoded = 0
    for listener in chat.listeners.values():
        listener.writes = 0
    said = [(session.id, f"PRIVMSG {room} :hi") for session in sessions[:10] for room in rooms]
    chat.play(said)
    variants = 3
    assert gate.encoded <= len(said) * variants
    assert {listener.writes for listener in chat.listeners.values()} == {1}
    for session in sessions[10:]:
        assert chat.written(session.id).count(b" PRIVMSG ") == len(said)
