"""`hubbub serve`: puts the parts together, runs them until told to stop, and takes them apart.

Law: nothing listens before the store is open and the state loaded; nothing closes before what was
accepted is stored.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hubbub.edge.errands import Reloaded
from hubbub.irc.cloaks import Cloaks
from hubbub.server import logs
from hubbub.server.account_desk import claim_line
from hubbub.server.admin_socket import AdminSocketError, open_admin_socket
from hubbub.server.certificate import (
    Certificate,
    CertificateError,
    open_certificate,
    own_certificate,
)
from hubbub.server.config import Config, changed
from hubbub.server.config_file import CONFIG_FILE
from hubbub.server.config_limits import Limits
from hubbub.server.connection import Welcome
from hubbub.server.credentials import CLOAK_FILE, kept_secret
from hubbub.server.datadir import EXPORTS, DataDir
from hubbub.server.desk import Desk
from hubbub.server.errors import OperatorError
from hubbub.server.greeting import Greeting
from hubbub.server.http import Site
from hubbub.server.hub import Hub
from hubbub.server.intake import Pace
from hubbub.server.invite import invite_word
from hubbub.server.listener import Door, Listeners
from hubbub.server.liveness import Patience
from hubbub.server.options import ServeOptions
from hubbub.server.postman import Postman
from hubbub.server.tls_socket import Asking, note_names
from hubbub.store.errors import StoreError
from hubbub.store.store import Store, open_store

log = logging.getLogger("hubbub")

DATABASE: Final = "hubbub.db"
SPARE_FILES: Final = 64
"""Files that the server itself opens."""
SWITCH_SECONDS: Final = 0.0005
CARE_SECONDS: Final = 5.0
"""How often silent clients are looked for."""
CERTIFICATE_SECONDS: Final = 60.0
"""How often the certificate's files are looked at."""
RESTART_SETTINGS: Final = ("server.listen", "storage.", "server.lobby")
"""Settings that a running server can't change, by the start of their names."""


class StartError(OperatorError):
    """The server can't start."""


def serve(config: Config, options: ServeOptions) -> int:
    """Runs the server until it is told to stop; 0 is an orderly end. Raises OperatorError."""
    started = time.perf_counter()
    logs.set_up(options.debug)
    _raise_file_limit(config.limits.connections)
    # The writer needs the interpreter's lock a few times a commit: it mustn't wait long for each.
    sys.setswitchinterval(SWITCH_SECONDS)
    with DataDir.open(Path(config.storage.data)) as directory:
        try:
            store = open_store(directory.path / DATABASE)
        except StoreError as error:
            raise StartError(str(error)) from error
        try:
            running = Running(config, options, store, directory.path, started)
            # The loop that every system has and that watches sockets (not Windows' default).
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(running.run())
        finally:
            store.close()
    return 0


class Running:
    """One run of the server."""

    def __init__(
        self, config: Config, options: ServeOptions, store: Store, data: Path, started: float
    ) -> None:
        self._config = config
        self._options = options
        self._store = store
        self._data = data
        self._started = started
        self._stopped = asyncio.Event()
        self._certificate = self._read_certificate(config)

    def _read_certificate(self, config: Config) -> Certificate:
        tls = config.tls
        if tls.certificate:
            return open_certificate(Path(tls.certificate), Path(tls.key or tls.certificate))
        return own_certificate(self._data, config.server.name)

    async def run(self) -> None:
        """Opens everything in order, waits for the word to stop, closes in the other order."""
        try:
            self._hub = Hub(
                self._store,
                self._config.rules(),
                _pace(self._config),
                readers=self._config.storage.readers,
            )
            self._hub.reload = self._reload
            self._postman = Postman(self._config.mail)
            self._hub.post = self._postman.send
            self._hub.exports = self._data / EXPORTS
            self._limit_addresses(self._config.limits)
            self._hub.credentials.secret = kept_secret(self._data)
            self._hub.cloaks = Cloaks(kept_secret(self._data, CLOAK_FILE))
            refusals = await self._hub.start()
        except StoreError as error:
            raise StartError(str(error)) from error
        if refusals:
            raise StartError(refusals[0].params[-1])
        async with AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.to_thread, self._postman.close)
            stack.push_async_callback(self._hub.stop, "The server is shutting down")
            self._listeners = Listeners(self._hub, self._door(self._config, self._certificate))
            addresses = self._listeners.open()
            stack.callback(self._listeners.close)
            desk = Desk(self._hub, self._stopped.set)
            await self._open_admin_socket(stack, desk)
            self._catch_signals()
            # What lives now lives long: the collector needn't look at it again and again.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
            self._greet(addresses, await claim_line(self._hub))
            await self._stay(desk)
            log.info("stopping")
        log.info("stopped; everything that was shown is stored")

    async def _open_admin_socket(self, stack: AsyncExitStack, desk: Desk) -> None:
        try:
            admin = await open_admin_socket(self._data, desk.handle)
        except AdminSocketError as error:
            log.warning("%s", error)
            return
        stack.push_async_callback(admin.close)

    def _door(self, config: Config, certificate: Certificate) -> Door:
        """What new connections are given under this configuration and with this certificate."""
        context = certificate.context
        server, seconds = config.server, config.tls.sts_seconds
        site, sts = _site(config), f"duration={seconds}" if seconds else ""
        if sts:
            note_names(context)
        asking = _asking(certificate) if config.tls.client_certificates else None
        queue = config.limits.send_queue_bytes
        kinds = {
            plain: Welcome(context, plain, queue, site, sts, asking) for plain in (False, True)
        }
        invite = invite_word(server.invite, self._data) if config.wants_invite else ""
        return Door(config, kinds.__getitem__, invite)

    # -- while it runs --------------------------------------------------------------------

    async def _stay(self, desk: Desk) -> None:
        """Runs the timers, and the console where there is a terminal, until told to stop."""
        care = asyncio.create_task(self._take_care())
        tasks = [care, asyncio.create_task(self._stopped.wait())]
        if self._options.wants_console():
            from hubbub.server.console import run_console

            tasks.append(asyncio.create_task(run_console(desk.handle, desk.names)))
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()

    async def _take_care(self) -> None:
        loop = asyncio.get_running_loop()
        looked = loop.time()
        # What only browsers need, so that the first of them doesn't keep the others waiting.
        await asyncio.to_thread(import_module, "hubbub.server.websocket")
        for warning in await asyncio.to_thread(self._certificate_warnings):
            log.warning("%s", warning)
        while True:
            await asyncio.sleep(CARE_SECONDS)
            limits = self._config.limits
            patience = Patience(
                limits.registration_seconds, limits.ping_seconds, limits.ping_timeout_seconds
            )
            self._hub.look_after(loop.time(), patience)
            if loop.time() - looked >= CERTIFICATE_SECONDS:
                looked = loop.time()
                self._renew_certificate()

    def _certificate_warnings(self) -> tuple[str, ...]:
        return tuple(self._certificate.warnings())

    def _renew_certificate(self) -> None:
        try:
            renewed = self._certificate.renewed()
            if renewed is None:
                return
            door = self._door(self._config, renewed)
        except CertificateError as error:
            log.error("the certificate changed but can't be used, the old one stays: %s", error)
            return
        self._certificate, self._listeners.door = renewed, door
        log.info("certificate read again: %s", renewed.fingerprint)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM"):
            try:
                loop.add_signal_handler(getattr(signal, name), self._stopped.set)
            except (NotImplementedError, AttributeError):
                signal.signal(
                    getattr(signal, name),
                    lambda *_: loop.call_soon_threadsafe(self._stopped.set),
                )
        if hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, self._start_reload)

    def _limit_addresses(self, limits: Limits) -> None:
        self._hub.most_per_address = limits.connections_per_address
        self._hub.arrivals.allow(limits.new_connections_per_address)

    def _start_reload(self) -> None:
        self._reloading = asyncio.create_task(self._reload(""))

    async def _reload(self, by: str) -> Reloaded:
        """Reads configuration and certificate again; what can't be used is said and left."""
        file = str(self._options.found_file() or CONFIG_FILE)
        try:
            config = self._options.load()
            certificate = self._read_certificate(config)
            door = self._door(config, certificate)
        except OperatorError as error:
            log.error("not reloaded, everything stays as it was: %s", error)
            return Reloaded(file, problem=" ".join(str(error).split("\n")))
        changes = changed(self._config, config)
        later = tuple(name for name in changes if name.startswith(RESTART_SETTINGS))
        for name in later:
            log.warning("%s takes effect at the next start", name)
        self._config, self._certificate = config, certificate
        self._listeners.door = door
        self._hub.intake.pace = _pace(config)
        self._postman.settings = config.mail
        self._limit_addresses(config.limits)
        # Though nothing changed that the chat depends on: who had it read again is in the audit log.
        for refusal in await self._hub.reconfigure(config.rules(), by, tuple(changes)):
            log.error("not reloaded: %s", refusal.params[-1])
            return Reloaded(file, later=later, problem=refusal.params[-1])
        log.info("reloaded: %s", ", ".join(changes) or "nothing changed")
        return Reloaded(file, tuple(name for name in changes if name not in later), later)

    # -- the first words ------------------------------------------------------------------

    def _greet(self, addresses: list[str], claim: str) -> None:
        """Says where the chat is and how to join it."""
        server = self._config.server
        greeting = Greeting(
            addresses=tuple(addresses),
            host=socket.gethostname(),
            lobby=server.lobby,
            fingerprint=self._certificate.fingerprint,
            data=str(self._data),
            invite=self._listeners.door.invite,
            seconds=time.perf_counter() - self._started,
            console=self._options.wants_console(),
            claim=claim,
        )
        print("\n".join(greeting.lines()), flush=True)


def _raise_file_limit(connections: int) -> None:
    """Lets the process open as many files as its connections need, as far as it may."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, soft), hard))
        if most < wanted:
            log.warning("only %d files may be open, too few for %d connections", most, connections)


def _asking(certificate: Certificate) -> Asking:
    """The context for clients that are asked for a certificate. Raises CertificateError."""
    # 5 MB of modules, for those who want it only.
    from hubbub.server.client_certificates import AskingContext

    return AskingContext(certificate.certificate, certificate.key)


def _pace(config: Config) -> Pace:
    limits = config.limits
    return Pace(limits.lines_per_second, limits.burst_lines, limits.input_queue_lines)


def _site(config: Config) -> Site:
    """What browsers know the server by: its name, its machine's, and what the operator listed."""
    origins = frozenset(origin.lower() for origin in config.server.origins)
    machine = socket.gethostname().lower()
    names = {config.server.name.lower(), machine, f"{machine}.local"}
    names.update(urlsplit(origin).netloc.partition(":")[0] for origin in origins)
    return Site(_port(config), frozenset(names), origins)


def _port(config: Config) -> int:
    """The port that a browser is sent to."""
    for address in config.server.addresses:
        port = getattr(address, "port", 0)
        if port:
            return int(port)
    return 8667
