"""Runs a program whose files can't grow beyond a size: `limited.py BYTES PROGRAM ARGUMENT...`.

SIGXFSZ is ignored, so that a write beyond the size fails with EFBIG, as one to a full disk fails.
Only the soft limit is set: `prlimit` raises it again, as if space had been freed.
"""

from __future__ import annotations

import os
import resource
import signal
import sys


def main(size: int, *command: str) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
