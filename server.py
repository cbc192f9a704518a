#!/usr/bin/env python3
"""`python server.py`: serve a Hubbub. The first start sets up what it needs; `--help` lists the options."""

import sys

# Even Python 2 must get as far as this sentence: this file keeps to syntax that all versions parse.
if sys.version_info < (3, 11):
    sys.exit(
        "Hubbub needs Python 3.11 or newer, and this is Python %d.%d. "
        "Start it with a newer one, such as: python3.11 server.py" % sys.version_info[:2]
    )

import bootstrap

if __name__ == "__main__":
    bootstrap.run("serve")
