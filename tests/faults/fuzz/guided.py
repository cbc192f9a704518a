"""The same targets under Atheris, which measures what code an input reaches.

Atheris has wheels for some Pythons and systems only, so it is no part of the development set: who
has it may use it. It runs in a process of its own, because it ends its process when an input fails.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from tests.faults.fuzz.engine import CORPUS, ROOT, Outcome, attempt, corpus, hash_of, minimised


def is_there() -> bool:
    """Whether Atheris is installed."""
    return find_spec("atheris") is not None


def fuzz(name: str, seed: str, *, inputs: int | None, seconds: float | None) -> Outcome:
    """Runs a target under Atheris; what it finds beside the corpus is thrown away with its failures."""
    from tests.faults.fuzz.targets import TARGETS

    target, began = TARGETS[name], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hubbub-atheris-") as home:
        grown, words = Path(home, "grown"), Path(home, "words")
        grown.mkdir()
        (grown / "empty").touch()
        words.write_text("".join(f'"{_quoted(word)}"\n' for word in target.words if word))
        command = [sys.executable, "-m", "tests.faults.fuzz.guided", name, str(grown)]
        command += [str(CORPUS / name)] if corpus(name) else []
        command += [f"-seed={hash_of(seed.encode())}", f"-max_len={target.longest}"]
        command += [f"-artifact_prefix={home}/", "-print_final_stats=1", "-rss_limit_mb=4096"]
        command += [f"-dict={words}"] if target.words else []
        command += [f"-runs={inputs}"] if inputs is not None else []
        command += [f"-max_total_time={max(1, round(seconds))}"] if seconds is not None else []
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        told = done.stderr.decode(errors="replace")
        count = re.findall(r"stat::number_of_executed_units: (\d+)|^#(\d+)\s", told, re.MULTILINE)
        reached = re.findall(r"cov: (\d+)", told)
        outcome = Outcome(name, int(count[-1][0] or count[-1][1]) if count else 0)
        outcome.seen = int(reached[-1]) if reached else 0
        for path in sorted(Path(home).glob("[cost]*-*")):
            _, failure = attempt(target.run, path.read_bytes())
            if failure is not None:
                outcome.failures.append(minimised(target.run, failure))
    outcome.seconds = time.monotonic() - began
    if done.returncode and not outcome.failures:
        raise RuntimeError(f"atheris ended with {done.returncode}:\n{told[-2_000:]}")
    return outcome


def _quoted(word: bytes) -> str:
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in word[:60]
    )


def _run(name: str, options: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["hubbub"]):
        from tests.faults.fuzz.targets import TARGETS
    run = TARGETS[name].run

    def one(data: bytes) -> None:
        for _ in run(data):
            pass

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2:])
