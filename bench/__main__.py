"""`python -m bench`: the command line of the benchmarks."""

from __future__ import annotations

import sys

from bench import fanout

if __name__ == "__main__":
    sys.exit(fanout.main(sys.argv[1:]))
