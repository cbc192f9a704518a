"""`python -m bench [NAME] [options]`: the command line of the benchmarks, one row each; without a name, all of them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from bench import everything, logins, pairs, reading, start

BENCHMARKS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "all": everything.main,
    "logins": logins.main,
    "pairs": pairs.main,
    "reading": reading.main,
    "start": start.main,
}


def main(arguments: Sequence[str]) -> int:
    """Runs the benchmark that is named first, or all."""
    # Who ends a benchmark ends the servers that it has started, too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if arguments and arguments[0] in BENCHMARKS:
        return BENCHMARKS[arguments[0]](arguments[1:])
    return everything.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
