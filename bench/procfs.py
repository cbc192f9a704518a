"""What the kernel says about a server's processes: CPU time and memory, read and never estimated. Linux only."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a set of processes, in bytes."""

    rss: int
    pss: int


def process_tree(pid: int) -> list[int]:
    """`pid` and all its descendants, so that a server that re-executes itself is counted whole."""
    tree, todo = [], [pid]
    while todo:
        parent = todo.pop()
        tree.append(parent)
        for task in Path(f"/proc/{parent}/task").iterdir():
            with suppress(FileNotFoundError):  # a thread that has ended since
                todo += [int(child) for child in (task / "children").read_text().split()]
    return tree


def cpu_ns(pids: Sequence[int]) -> int:
    """CPU time (user and system, nanoseconds) that all threads of `pids` have used, ended threads too.

    This is the process CPU clock of clock_getcpuclockid(3): the sum of the threads' first field in
    /proc/PID/task/*/schedstat, but exact while a thread runs and without losing threads that ended.
    """
    return sum(time.clock_gettime_ns((~pid << 3) | 2) for pid in pids)


def memory(pids: Sequence[int]) -> Memory:
    """Resident and proportional set size of `pids` together, from /proc/PID/smaps_rollup."""
    rss = pss = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                rss += int(line.split()[1]) * 1024
            elif line.startswith("Pss:"):
                pss += int(line.split()[1]) * 1024
    return Memory(rss, pss)


def is_running(pid: int) -> bool:
    """Whether a process still has its files: it is neither gone nor a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def pin(cpu: int) -> None:
    """Bind this process, and the threads and processes it will start, to one core."""
    os.sched_setaffinity(0, {cpu})


def raise_file_limit() -> int:
    """Allow as many open files as the hard limit permits, here and in processes started from here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def sync_milliseconds(scratch: Path | None, times: int = 100) -> float:
    """The median of how long this disk takes to make a page durable: part of each of Hubbub's delays."""
    took = []
    with tempfile.TemporaryFile(dir=scratch) as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def filesystem_of(path: Path) -> str:
    """The type of the filesystem that holds `path`: on tmpfs a sync costs nothing, which a reader must know."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, fstype, *_ = line.split()
        inside = mount == "/" or str(path.resolve()).startswith((mount + "/",))
        if (inside or str(path.resolve()) == mount) and len(mount) >= len(best):
            best, kind = mount, fstype
    return kind


def environment(scratch: Path) -> dict[str, str]:
    """The machine's shape, for the report."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpus": str(os.cpu_count()),
        "cpu": models[0] if models else "unknown",
        "kernel": os.uname().release,
        "python": platform.python_version(),
        "scratch_filesystem": filesystem_of(scratch),
        "date": time.strftime("%Y-%m-%d"),
    }
