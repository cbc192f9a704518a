"""Who asks for an account can't tell from answer or work whether it is there, whatever way is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server.rig import Node, with_hub
from tests.server.test_logins import plain, registered

CODE = "aaaa-aaaa-aaaa-aaaa-aaaa"
WAYS = {
    "SASL": ("CAP REQ :sasl standard-replies", *plain("{name}", "wrong-word")),
    "PASS": ("CAP REQ :standard-replies", "PASS {name}:wrong-word"),
    "NickServ": ("NICKSERV IDENTIFY {name} wrong-word",),
    "RECOVER": ("RECOVER {name} " + CODE + " a-new-password",),
    "RECOVER before": ("CAP REQ :standard-replies", "RECOVER {name} " + CODE + " a-new-password"),
}


class Counting:
    """Does what Argon2's hasher does, and notes how often and with which cost."""

    def __init__(self, hasher: object) -> None:
        self._hasher = hasher
        self.work: list[str] = []

    def verify(self, verifier: str, password: str) -> bool:
        self.work.append("verify " + "$".join(verifier.split("$")[:4]))
        return bool(self._hasher.verify(verifier, password))  # type: ignore[attr-defined]

    def hash(self, password: str) -> str:
        self.work.append("hash")
        return str(self._hasher.hash(password))  # type: ignore[attr-defined]


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_name_is_answered_after_the_same_work(way: str, tmp_path: Path) -> None:
    async def scenario(node: Node) -> None:
        credentials = node.hub.credentials
        await registered(node, "annie")
        # The first unknown name makes what all others are compared with.
        first = node.arrive()
        first.send("PASS nobody:wrong-word")
        await first.until(" 464 ")
        seen = []
        for name in ("annie", "zoely"):
            counting = Counting(credentials._hasher)
            credentials._hasher = counting  # type: ignore[assignment]
            early = WAYS[way][0].startswith("CAP")
            wire = node.arrive() if early else await node.join("guest" + name, "standard-replies")
            wire.heard.clear()
            response = plain(name, "wrong-word")[1]
            lines = [line.replace("{name}", name) for line in WAYS[way]]
            lines = [response if line == WAYS["SASL"][2] else line for line in lines]
            wire.send(*lines, "PING :done")
            await wire.until("done")
            answer = [line.replace(name, "X") for line in wire.heard]
            seen.append((answer, counting.work))
            credentials._hasher = counting._hasher  # type: ignore[assignment]
        assert seen[0] == seen[1]
        assert len(seen[0][1]) == 1, "Argon2 was run once"

    with_hub(tmp_path, scenario)
