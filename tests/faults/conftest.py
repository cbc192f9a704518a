"""The faults are made with POSIX signals and limits; elsewhere there is nothing to collect here."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.name == "posix" else ["test_*.py"]
