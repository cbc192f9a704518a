"""The first words of a server: where the chat is and what each kind of client needs to join it.

Law: whatever is printed here can be typed as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from hubbub.server.addresses import DEFAULT_PORT, TcpAddress, listens_beyond_loopback, parse_listen


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What the words depend on. `addresses` are those listened on, as bound (ports known)."""

    addresses: tuple[str, ...]
    host: str
    """This machine's name, as others know it."""
    lobby: str
    fingerprint: str
    data: str
    invite: str
    seconds: float
    """How long the start took."""
    console: bool
    claim: str = ""
    """What to type to become the first admin, while there is none."""

    def lines(self) -> list[str]:
        """The words, one line each."""
        bound = [parse_listen(address) for address in self.addresses]
        lines = [f"Hubbub is ready ({self.seconds:.2f} s). Listening on {self._listed()}"]
        local = next((place for place in bound if isinstance(place, TcpAddress)), None)
        if local is None:
            lines.append(f"  through the socket: any IRC client, room {self.lobby}")
        elif any(map(listens_beyond_loopback, bound)):
            lines += self._beyond(local.port)
        else:
            typed = "" if local.port == DEFAULT_PORT else f" localhost:{local.port}"
            lines += [
                f"  with our client:    python client.py{typed}{self._option()}",
                f"  with an IRC client: server localhost, port {local.port} (TLS or plain),"
                f" room {self.lobby}",
            ]
        if self.invite:
            lines.append(f"  invite (password):  {self.invite}")
        lines += [
            f"  certificate:        {self.fingerprint}",
            f"  data:               {self.data}",
        ]
        if self.claim:
            lines.append(f"  to be its admin:    register, then {self.claim}")
        if self.console:
            lines.append("Type /help for what you can do here, /quit to stop.")
        return lines

    def _listed(self) -> str:
        return ", ".join(self.addresses)

    def _option(self) -> str:
        return f" --invite {self.invite}" if self.invite else ""

    def _beyond(self, port: int) -> list[str]:
        """Others can reach this: what they type names this machine and its certificate."""
        pin = self.fingerprint.replace(":", "").lower().replace("sha256", "sha256:", 1)
        return [
            f"  on this machine:    python client.py localhost:{port}{self._option()}",
            f"  from others:        python client.py"
            f' "ircs://{self.host}:{port}?fingerprint={pin}"{self._option()}',
            f"  with an IRC client: server {self.host}, port {port}, TLS on, room {self.lobby}",
        ]
