"""`python -m bench NAME [options]`: the command line of the benchmarks, one row each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from bench import fanout, start

BENCHMARKS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "fanout": lambda arguments: fanout.main(["fanout", *arguments]),
    "start": start.main,
}


def main(arguments: Sequence[str]) -> int:
    """Runs the benchmark that is named first; without a name, fan-out says what there is."""
    if arguments and arguments[0] in BENCHMARKS:
        return BENCHMARKS[arguments[0]](arguments[1:])
    return fanout.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
