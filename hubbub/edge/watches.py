"""Who watches which name: the lists behind MONITOR.

Law: a list lives as long as its session and no longer, at the edge of the session's node; it is
changed and reacts in the log's order. Specification: https://ircv3.net/specs/extensions/monitor
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hubbub.core.blocking import looks_present
from hubbub.core.ids import SessionId
from hubbub.core.outputs import Seen
from hubbub.core.state import State
from hubbub.edge.work import Watch
from hubbub.irc.names import FoldedNick, fold_nick, nick_problem
from hubbub.irc.numerics import Numeric
from hubbub.irc.replies import Reply, numeric

TARGETS_BYTES = 380
"""How many bytes of names one numeric holds, so that the line stays within 512."""


class Watches:
    """The lists of all sessions of a node, and for each name the sessions that have it on theirs."""

    def __init__(self) -> None:
        self._lists: dict[SessionId, dict[FoldedNick, str]] = {}
        self._watchers: dict[FoldedNick, dict[SessionId, None]] = {}

    def of(self, name: FoldedNick) -> Iterable[SessionId]:
        """The sessions that watch a name, in the order in which they began to."""
        return self._watchers.get(name, ())

    def seen(self, output: Seen) -> tuple[Iterable[SessionId], Reply]:
        """Which sessions are told that a name came or went, and what.

        "The server may send '*' instead of the nick": the line is the same for all of them.
        """
        code = Numeric.RPL_MONONLINE if output.source else Numeric.RPL_MONOFFLINE
        reply = Reply(code.value, (output.source or output.nick,), to="*")
        watching = self.of(fold_nick(output.nick))
        if output.only is not None:
            watching = [session for session in watching if session in output.only]
        elif output.without:
            watching = [session for session in watching if session not in output.without]
        return watching, reply

    def answer(self, session: SessionId, watch: Watch, state: State) -> Sequence[Reply]:
        """Does what a line of MONITOR asks for; `state` is read at the line's place in the order."""
        watched = self._lists.get(session, {})
        if watch.action == "+":
            return self._add(session, watch.nicks, state)
        if watch.action == "-":
            for nick in watch.nicks:
                self._remove(session, fold_nick(nick))
        elif watch.action == "C":
            self.forget(session)
        elif watch.action == "L":
            lines = _lines(Numeric.RPL_MONLIST, watched.values())
            return [*lines, numeric(Numeric.RPL_ENDOFMONLIST)]
        elif watch.action == "S":
            return _presence(watched.values(), state, session)
        return ()

    def names(self, session: SessionId) -> tuple[str, ...]:
        """The names that a session watches."""
        return tuple(self._lists.get(session, {}).values())

    def forget(self, session: SessionId) -> None:
        """The session watches nothing any more."""
        for name in tuple(self._lists.get(session, ())):
            self._remove(session, name)

    def _add(self, session: SessionId, nicks: Sequence[str], state: State) -> Sequence[Reply]:
        added: list[str] = []
        watched = self._lists.setdefault(session, {})
        refused: list[str] = []
        for nick in nicks:
            if nick_problem(nick, state.rules.nick_bytes) is not None:
                continue  # "'target' MUST be a valid nick"; what can't be one never comes.
            name = fold_nick(nick)
            if name not in watched and len(watched) >= state.rules.monitor_entries:
                refused.append(nick)
                continue
            watched.setdefault(name, nick)
            self._watchers.setdefault(name, {})[session] = None
            added.append(nick)
        if not watched:
            del self._lists[session]
        limit = str(state.rules.monitor_entries)
        return [
            *_presence(added, state, session),
            *(
                numeric(Numeric.ERR_MONLISTFULL, limit, line)
                for line in _packed(refused, TARGETS_BYTES // 2)
            ),
        ]

    def _remove(self, session: SessionId, name: FoldedNick) -> None:
        watched = self._lists.get(session)
        if watched is None or watched.pop(name, None) is None:
            return
        watchers = self._watchers[name]
        del watchers[session]
        if not watchers:
            del self._watchers[name]
        if not watched:
            del self._lists[session]


def _presence(nicks: Iterable[str], state: State, session: SessionId) -> list[Reply]:
    """Which of the names are present now, and which aren't, as far as the session may know."""
    asking = state.sessions.get(session)
    if asking is None:  # it has been closed meanwhile
        return []
    here: list[str] = []
    gone: list[str] = []
    for nick in nicks:
        user = state.user_named(nick)
        if user is not None and looks_present(state, user, asking.user):
            here.append(user.source)
        else:
            gone.append(nick)
    return [*_lines(Numeric.RPL_MONONLINE, here), *_lines(Numeric.RPL_MONOFFLINE, gone)]


def _lines(code: Numeric, targets: Iterable[str]) -> list[Reply]:
    return [numeric(code, text=line) for line in _packed(targets, TARGETS_BYTES)]


def _packed(targets: Iterable[str], size: int) -> list[str]:
    """The targets joined by commas into lines of at most `size` bytes, none for no targets."""
    lines: list[str] = []
    for target in targets:
        joined = f"{lines[-1]},{target}" if lines else target
        if lines and len(joined.encode()) <= size:
            lines[-1] = joined
        else:
            lines.append(target)
    return lines
