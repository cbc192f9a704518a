"""An event loop and threads that are the world's: it says when each of their steps is done.

Law: callbacks run in the order in which they were made, as asyncio has it; between any two of them
the world may do something else, or let the process die. A thread's work is one step.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import inspect
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from random import Random
from typing import Any, Protocol


class ProcessDied(BaseException):
    """The server's process is gone; nothing of it goes on."""


class Timeline(Protocol):
    """The world's time."""

    now: float

    def at(self, when: float, event: Callable[[], None]) -> None:
        """Has something happen then."""


class Loop(asyncio.AbstractEventLoop):
    """One process's event loop. `trouble` gets what nobody caught."""

    def __init__(
        self, world: Timeline, chance: Random, tick: Callable[[], None], trouble: list[str]
    ) -> None:
        self._world = world
        self._chance = chance
        self._tick = tick
        self._trouble = trouble
        self._ready: deque[asyncio.Handle] = deque()
        self._turning = False
        self._ended = False
        self._readers: dict[int, tuple[Callable[..., object], tuple[object, ...]]] = {}
        self._writers: dict[int, tuple[Callable[..., object], tuple[object, ...]]] = {}
        self._sockets: dict[int, Pollable] = {}
        self._poked: set[tuple[int, bool]] = set()
        self._unbegun: list[Coroutine[Any, Any, Any]] = []

    def end(self) -> None:
        """The process is gone: nothing more is called."""
        self._ended = True
        self._ready.clear()
        self._readers.clear()
        self._writers.clear()
        self._close_unbegun()

    # -- turns --

    def _wake(self) -> None:
        if not self._turning and not self._ended and self._ready:
            self._turning = True
            self._world.at(self._world.now + self._chance.random() * 0.0002, self._turn)

    def _turn(self) -> None:
        """Runs some of what is ready."""
        self._turning = False
        if self._ended or not self._ready:
            return
        most = len(self._ready) if self._chance.random() < 0.5 else 1
        asyncio._set_running_loop(self)
        try:
            for _ in range(most):
                if not self._ready:
                    return
                handle = self._ready.popleft()
                if handle.cancelled():
                    continue
                self._tick()
                self._run(handle)
        except ProcessDied:
            return
        finally:
            asyncio._set_running_loop(None)
        self._wake()

    def _run(self, handle: asyncio.Handle) -> None:
        try:
            handle._context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]
        except ProcessDied:
            raise
        except Exception as error:
            self._trouble.append(f"a callback of the server's raised {error!r}")

    # -- what asyncio and the server ask of a loop --

    def time(self) -> float:
        return self._world.now

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return self._ended

    def call_soon(  # type: ignore[override]
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if not self._ended:
            self._ready.append(handle)
            self._wake()
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self._world.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)

        def due() -> None:
            if not handle.cancelled() and not self._ended:
                self._ready.append(handle)
                self._wake()

        self._world.at(when, due)
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing: it is looked at when it is due."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, **options)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._unbegun = [other for other in self._unbegun if _is_unbegun(other)]
        self._unbegun.append(coro)
        if self._ended:
            self._close_unbegun()
        return task

    def _close_unbegun(self) -> None:
        """Closes what will never begin, which Python would complain of; nothing of it is run by that."""
        for coro in self._unbegun:
            if _is_unbegun(coro):
                coro.close()
        self._unbegun.clear()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self._ended and not isinstance(context.get("exception"), ProcessDied):
            self._trouble.append(f"the loop was told: {context}")

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:
                self.call_soon(future.set_exception, error)
            else:
                self.call_soon(self._settle, future, result)

        self._world.at(self._world.now + self._chance.random() * 0.001, self._unless_ended(work))
        return future

    def _settle(self, future: asyncio.Future[Any], result: object) -> None:
        if not future.done():
            future.set_result(result)

    def _unless_ended(self, work: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            if not self._ended:
                try:
                    work()
                except ProcessDied:
                    pass

        return guarded

    # -- sockets --

    def attach(self, fd: int, sock: Pollable) -> None:
        """A socket that can be watched from here on."""
        self._sockets[fd] = sock

    def add_reader(  # type: ignore[override]
        self, fd: int, callback: Callable[..., object], *args: Any
    ) -> None:
        self._readers[fd] = (callback, args)
        self.poke(fd)

    def remove_reader(self, fd: Any) -> bool:
        return self._readers.pop(fd, None) is not None

    def add_writer(  # type: ignore[override]
        self, fd: int, callback: Callable[..., object], *args: Any
    ) -> None:
        self._writers[fd] = (callback, args)
        self.poke(fd)

    def remove_writer(self, fd: Any) -> bool:
        return self._writers.pop(fd, None) is not None

    def poke(self, fd: int) -> None:
        """Something may have changed at a socket: whoever watches it is called."""
        sock = self._sockets.get(fd)
        if sock is None or self._ended:
            return
        for writing, watchers in ((False, self._readers), (True, self._writers)):
            ready = sock.is_writable() if writing else sock.is_readable()
            if fd in watchers and ready and (fd, writing) not in self._poked:
                self._poked.add((fd, writing))
                self.call_soon(self._serve, fd, writing)

    def _serve(self, fd: int, writing: bool) -> None:
        self._poked.discard((fd, writing))
        watcher = (self._writers if writing else self._readers).get(fd)
        sock = self._sockets.get(fd)
        if watcher is None or sock is None:
            return
        if sock.is_writable() if writing else sock.is_readable():
            callback, args = watcher
            try:
                callback(*args)
            finally:
                self.poke(fd)


def _is_unbegun(coro: Coroutine[Any, Any, Any]) -> bool:
    return inspect.getcoroutinestate(coro) == inspect.CORO_CREATED


class Pollable(Protocol):
    """What can be watched."""

    def is_readable(self) -> bool:
        """Whether a read would not block."""

    def is_writable(self) -> bool:
        """Whether a write would not block."""


class Threads(Executor):
    """Threads of the world's. What one of them does is done at once, at a time of the world's.

    `seconds` says how long a piece of work takes.
    """

    def __init__(
        self,
        world: Timeline,
        seconds: Callable[[], float],
        is_over: Callable[[], bool],
        workers: int,
    ) -> None:
        self._world = world
        self._seconds = seconds
        self._is_over = is_over
        self._free_at = [0.0] * max(1, workers)
        self._waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        job = (future, lambda: fn(*args, **kwargs))
        self._waiting.append(job)
        start = max(self._world.now, heapq.heappop(self._free_at))
        end = start + self._seconds()
        heapq.heappush(self._free_at, end)
        self._world.at(end, lambda: self._take(job))
        return future

    def _take(self, job: tuple[Future[Any], Callable[[], Any]]) -> None:
        if job in self._waiting:
            self._waiting.remove(job)
            self._do(*job)

    def _do(self, future: Future[Any], work: Callable[[], Any]) -> None:
        if self._is_over() or not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except ProcessDied:
            return
        except Exception as error:
            if not self._is_over():
                future.set_exception(error)
        else:
            if not self._is_over():
                future.set_result(result)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        while self._waiting:
            self._do(*self._waiting.pop(0))
