"""The calibration: a relay that does next to nothing for a message, to show how fast the load generator can go.

It is no chat server: no checks, no limits, no log, one room. It joins what all said in one tick and writes it
once to each client, so no server written in Python can be much cheaper. If the generator keeps up with this,
it is not the limit of anything slower.
"""

from __future__ import annotations

import argparse
import select
import socket

_READ = 1 << 16


class Relay:
    """All members of the only room, keyed by file descriptor."""

    def __init__(self, port: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self.listener.setblocking(False)
        self.epoll = select.epoll()
        self.epoll.register(self.listener.fileno(), select.EPOLLIN)
        self.members: dict[int, socket.socket] = {}
        self.nicks: dict[int, bytes] = {}
        self.unsent: dict[int, bytes] = {}
        self.said: dict[int, bytes] = {}

    def run(self) -> None:
        """Serve until killed."""
        while True:
            self.said = {}
            for fd, event in self.epoll.poll(-1, len(self.members) + 1):
                if fd == self.listener.fileno():
                    self._accept()
                elif event & select.EPOLLOUT:
                    self._send(fd, b"")
                else:
                    self._read(fd)
            if self.said:
                self._fan_out()

    def _accept(self) -> None:
        sock, _ = self.listener.accept()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.members[sock.fileno()] = sock
        self.epoll.register(sock.fileno(), select.EPOLLIN)

    def _read(self, fd: int) -> None:
        try:
            text = self.members[fd].recv(_READ)
        except ConnectionError:
            text = b""
        if not text:
            self.epoll.unregister(fd)
            self.members.pop(fd).close()
            self.nicks.pop(fd, None)
            return
        if text.startswith(b"PRIVMSG"):
            prefix = b":" + self.nicks[fd] + b"!u@h "
            self.said[fd] = prefix + text[:-2].replace(b"\r\n", b"\r\n" + prefix) + b"\r\n"
        elif text.startswith(b"NICK "):
            nick = self.nicks[fd] = text[5 : text.index(b"\r")]
            self._send(fd, b":floor 001 %s :hello\r\n:floor 366 %s #lobby :End\r\n" % (nick, nick))

    def _fan_out(self) -> None:
        everything = b"".join(self.said.values())
        for fd in list(self.members):
            own = self.said.get(fd)
            if own is not None:
                rest = b"".join(text for other, text in self.said.items() if other != fd)
                self._send(fd, rest)
            else:
                self._send(fd, everything)

    def _send(self, fd: int, text: bytes) -> None:
        waiting = fd in self.unsent
        text = self.unsent.pop(fd, b"") + text
        try:
            sent = self.members[fd].send(text) if text else 0
        except BlockingIOError:
            sent = 0
        if sent < len(text):
            self.unsent[fd] = text[sent:]
            if not waiting:
                self.epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        elif waiting:
            self.epoll.modify(fd, select.EPOLLIN)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    Relay(parser.parse_args().port).run()
