"""Who is where, by the live lines alone: rooms, their members, prefixes and topics, and who is away."""

from __future__ import annotations

from dataclasses import dataclass, field

from hubbub.client.events import Member
from hubbub.client.isupport import Isupport
from hubbub.client.narration import nick_of
from hubbub.irc.message import Message
from hubbub.irc.names import FoldedNick, FoldedRoom, fold_nick, fold_room


@dataclass(slots=True)
class _Person:
    nick: str
    modes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Room:
    """A room that we are in. `names_complete` after the first end of its list of names."""

    name: str
    topic: str = ""
    people: dict[FoldedNick, _Person] = field(default_factory=dict)
    names_complete: bool = False
    listing: dict[FoldedNick, _Person] | None = None


class Rooms:
    """The rooms of one connection."""

    def __init__(self, isupport: Isupport) -> None:
        self._isupport = isupport
        self._rooms: dict[FoldedRoom, Room] = {}
        self._away: set[FoldedNick] = set()

    def __contains__(self, room: str) -> bool:
        return fold_room(room) in self._rooms

    def names(self) -> tuple[str, ...]:
        """The rooms' names, in the order of joining."""
        return tuple(room.name for room in self._rooms.values())

    def topic(self, room: str) -> str:
        """The room's topic, '' when there is none or it isn't ours to know."""
        found = self._rooms.get(fold_room(room))
        return found.topic if found else ""

    def members(self, room: str) -> tuple[Member, ...]:
        """Who is in the room: the highest rank first, then by name."""
        found = self._rooms.get(fold_room(room))
        if found is None:
            return ()
        ranked = [
            (
                self._rank(person),
                folded,
                Member(person.nick, self._signs(person), folded in self._away),
            )
            for folded, person in found.people.items()
        ]
        return tuple(member for _, _, member in sorted(ranked, key=lambda row: row[:2]))

    def shared_with(self, nick: str) -> tuple[str, ...]:
        """The rooms where we see this person."""
        folded = fold_nick(nick)
        return tuple(room.name for room in self._rooms.values() if folded in room.people)

    def joined(self, room: str, nick: str, own: bool) -> None:
        """Somebody joined; by our own joining the room is made anew."""
        if own:
            self._rooms[fold_room(room)] = Room(room)
        found = self._rooms.get(fold_room(room))
        if found is not None:
            found.people[fold_nick(nick)] = _Person(nick)

    def left(self, room: str, nick: str, own: bool) -> None:
        """Somebody left or was put out."""
        if own:
            self._rooms.pop(fold_room(room), None)
        elif found := self._rooms.get(fold_room(room)):
            found.people.pop(fold_nick(nick), None)
        if not self.shared_with(nick):
            self._away.discard(fold_nick(nick))

    def quit(self, nick: str) -> None:
        """Somebody left the chat."""
        for room in self._rooms.values():
            room.people.pop(fold_nick(nick), None)
        self._away.discard(fold_nick(nick))

    def renamed(self, old: str, new: str) -> None:
        """Somebody, perhaps ourselves, has a new name."""
        before, after = fold_nick(old), fold_nick(new)
        for room in self._rooms.values():
            if person := room.people.pop(before, None):
                person.nick = new
                room.people[after] = person
        if before in self._away:
            self._away.remove(before)
            self._away.add(after)

    def moved(self, old: str, new: str) -> None:
        """A room that we are in, perhaps, has a new name."""
        if room := self._rooms.pop(fold_room(old), None):
            room.name = new
            self._rooms[fold_room(new)] = room

    def away(self, nick: str, away: bool) -> None:
        """Somebody went away or came back."""
        (self._away.add if away else self._away.discard)(fold_nick(nick))

    def topic_set(self, room: str, topic: str) -> None:
        """The topic was set or told."""
        if found := self._rooms.get(fold_room(room)):
            found.topic = topic

    def names_row(self, message: Message) -> None:
        """One line of names (353): `<us> <=@*> <room> :[prefixes]<nick>…`."""
        found = self._rooms.get(fold_room(message.params[2])) if len(message.params) > 3 else None
        if found is None:
            return
        if found.listing is None:
            found.listing = {}
        letters = {sign: letter for letter, sign in self._isupport.prefixes}
        for word in message.params[3].split():
            nick = word.lstrip("".join(letters))
            signs = word[: len(word) - len(nick)]
            nick = nick_of(nick)
            found.listing[fold_nick(nick)] = _Person(nick, {letters[sign] for sign in signs})

    def names_end(self, room: str) -> bool:
        """The end of a list of names (366): True when it is the first one for this room."""
        found = self._rooms.get(fold_room(room))
        if found is None:
            return False
        if found.listing is not None:
            found.people, found.listing = found.listing, None
        first, found.names_complete = not found.names_complete, True
        return first

    def modes_changed(self, message: Message) -> None:
        """A room's MODE: those that give and take ranks change the members' prefixes."""
        found = self._rooms.get(fold_room(message.params[0]))
        if found is None:
            return
        ranks = {letter for letter, _ in self._isupport.prefixes}
        lists, always, when_set = self._isupport.list_modes
        arguments = iter(message.params[2:])
        adding = True
        for letter in message.params[1]:
            if letter in "+-":
                adding = letter == "+"
            elif letter in ranks:
                person = found.people.get(fold_nick(next(arguments, "")))
                if person is not None:
                    (person.modes.add if adding else person.modes.discard)(letter)
            elif letter in lists or letter in always or (adding and letter in when_set):
                next(arguments, None)

    def _signs(self, person: _Person) -> str:
        return "".join(sign for letter, sign in self._isupport.prefixes if letter in person.modes)

    def _rank(self, person: _Person) -> int:
        order = [letter for letter, _ in self._isupport.prefixes]
        return min(
            (order.index(mode) for mode in person.modes if mode in order), default=len(order)
        )
