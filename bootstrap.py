#!/usr/bin/env python3
"""Give Hubbub an environment of its own: a `.venv` beside this file that holds what the lock files pin.

Law: nothing but that `.venv` is ever changed, and a start that finds it whole changes nothing at all.

How it knows: `.venv/hubbub.stamp` names the SHA-256 of the installed lock file and the Python it was
installed for. The stamp is taken away before anything is touched and put back after everything is in
place, so an install that was cut short has none and is made again from nothing. `.venv/hubbub.claim`
says that the directory is ours, and is the file that starts at the same moment lock against each other.

Runs on a bare interpreter: the standard library only, imported late because every start pays for it.
The syntax is one that Python 3.6 parses, so that an old interpreter reaches the sentence below.
"""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Hubbub needs Python 3.11 or newer, and this is Python %d.%d. "
        "Start it with a newer one, such as: python3.11 %s"
        % (sys.version_info[0], sys.version_info[1], sys.argv[0])
    )

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would cost every start more than all the rest
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn, TextIO

ROOT = os.path.dirname(os.path.abspath(__file__))

# Set to our own process id across the change of interpreter (exec keeps the id): a process that finds
# its own number here was sent by us, one that inherited its parent's environment was not.
_SENT_BY = "HUBBUB_BOOTSTRAP"

# Settings of pip and uv that would make them install somewhere else than where they are told.
_MISLEADING = (
    "PIP_PREFIX PIP_PYTHON PIP_REQUIREMENT PIP_ROOT PIP_TARGET PIP_USER PYTHONHOME PYTHONPATH "
    "UV_PREFIX UV_PROJECT_ENVIRONMENT UV_PYTHON UV_SYSTEM_PYTHON UV_TARGET VIRTUAL_ENV CONDA_PREFIX"
).split()


class SetupError(Exception):
    """The environment can't be had. The message tells a person what happened and what to do next."""


class Environment:
    """The `.venv` of one checkout: where its parts lie and whether it is whole."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.path = os.path.join(root, ".venv")
        self.claim = os.path.join(self.path, "hubbub.claim")
        self.stamp = os.path.join(self.path, "hubbub.stamp")
        self.log = os.path.join(self.path, "hubbub.log")
        windows = sys.platform == "win32"
        self.python = os.path.join(
            self.path, *(("Scripts", "python.exe") if windows else ("bin", "python"))
        )

    def lock(self, kind: str) -> str:
        """The lock file that pins the `run` set, or the `dev` set (which contains the `run` set)."""
        return os.path.join(self.root, "requirements", kind + ".txt")

    def is_running(self) -> bool:
        """Whether this very interpreter belongs to the environment."""
        return os.path.realpath(sys.prefix) == os.path.realpath(self.path)

    def is_ours(self) -> bool:
        """Whether we may change the directory: it bears our claim, or nobody has put anything there."""
        return (
            os.path.exists(self.claim) or not os.path.isdir(self.path) or not os.listdir(self.path)
        )

    def stamped(self) -> dict[str, str]:
        """What the stamp says: `python`, `run` and perhaps `dev`; empty if there is none to trust."""
        try:
            with open(self.stamp, encoding="ascii") as file:
                words = [line.split(" ") for line in file.read().splitlines()]
        except (OSError, ValueError):
            return {}
        stamp = {pair[0]: pair[1] for pair in words if len(pair) == 2}
        return stamp if {"python", "run"} <= set(stamp) else {}

    def is_whole(self, kind: str) -> bool:
        """Whether the set `kind`, as locked now, is in place and has an interpreter."""
        return self.stamped().get(kind) == digest(self.lock(kind)) and os.path.exists(self.python)

    def distrust(self) -> str:
        """Take the stamp away, for what is in place is not to be relied on; returns what it said."""
        if not os.path.exists(self.stamp):
            return ""
        with open(self.stamp, encoding="ascii", errors="replace") as file:
            text = file.read()
        os.remove(self.stamp)
        return text

    def listing(self) -> list[list[str]]:
        """What is installed, as far as names of files and of metadata, with their versions, tell."""
        return [sorted(os.listdir(path)) for path in self.site_packages()]

    def site_packages(self) -> list[str]:
        """The directories that the environment's packages are in, seen from outside of it."""
        if sys.platform == "win32":
            return [os.path.join(self.path, "Lib", "site-packages")]
        import glob

        return glob.glob(os.path.join(glob.escape(self.path), "lib", "python*", "site-packages"))


def digest(path: str) -> str:
    """The SHA-256 of a lock file in hexadecimal; line ends don't count, since git may change them."""
    # hashlib brings OpenSSL, whose loading would be a third of what a start pays for all of this.
    module: Any = None
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            module = __import__(name)
            break
        except ImportError:
            continue
    try:
        with open(path, "rb") as file:
            return str(module.sha256(file.read().replace(b"\r\n", b"\n")).hexdigest())
    except OSError as error:
        raise SetupError(
            "can't read %s (%s).\nThe checkout is incomplete: restore the file with git."
            % (path, error.strerror)
        ) from error


def python_version() -> str:
    """What compiled packages depend on, such as `cpython-3.11`."""
    return "%s-%d.%d" % (sys.implementation.name, *sys.version_info[:2])


def pins(lock: str) -> dict[str, str]:
    """The versions by package name that a lock file pins for this interpreter and machine."""
    import re

    pinned = {}
    with open(lock, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:;([^\\]*))?", line)
            if match and (match[3] is None or marker_holds(match[3])):
                pinned[match[1]] = match[2]
    return pinned


def marker_holds(marker: str) -> bool:
    """Evaluate an environment marker of the simple kind that lock files have: `a < 'b' and c == 'd' or …`.

    Raises ValueError for what it doesn't know; a test sees that the lock files have none of it.
    """
    import platform
    import re

    known = {
        "implementation_name": sys.implementation.name,
        "platform_python_implementation": platform.python_implementation(),
        "python_full_version": platform.python_version(),
        "python_version": "%d.%d" % sys.version_info[:2],
        "sys_platform": sys.platform,
    }

    def holds(comparison: str) -> bool:
        match = re.fullmatch(r"\s*(\w+)\s*([!=<>]=|[<>])\s*['\"]([^'\"]*)['\"]\s*", comparison)
        if match is None or match[1] not in known:
            raise ValueError("unknown environment marker: " + marker)
        left, right = _ordered(known[match[1]]), _ordered(match[3])
        order = "<" if left < right else ">" if left > right else "="
        return order != "=" if match[2] == "!=" else order in match[2]

    return any(all(holds(part) for part in side.split(" and ")) for side in marker.split(" or "))


def _ordered(value: str) -> tuple[list[int], str]:
    """Versions compare by their numbers, anything else as text."""
    import re

    if re.match(r"\d+(\.\d+)*", value):
        return [int(number) for number in re.findall(r"\d+", value)[:3]], ""
    return [], value


def satisfies(lock: str, paths: list[str] | None = None) -> bool:
    """Whether exactly what `lock` pins is installed in `paths` (default: in the running interpreter)."""
    from importlib import metadata

    where = sys.path if paths is None else paths
    for name, version in pins(lock).items():
        first = next(iter(metadata.distributions(name=name, path=where)), None)
        if first is None or first.version != version:
            return False
    return True


class Progress:
    """One line on stderr that is rewritten in a terminal; elsewhere only beginning and end are said."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._width = 0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._wipe()
        print("hubbub: " + text, file=sys.stderr, flush=True)

    def show(self, percent: int, text: str) -> None:
        """A line that the next one replaces."""
        if self._terminal:
            self._wipe()
            line = ("hubbub: %3d %%  %s" % (percent, text))[:78]
            self._width = len(line)
            print(line, end="", file=sys.stderr, flush=True)

    def _wipe(self) -> None:
        if self._width:
            print("\r" + " " * self._width + "\r", end="", file=sys.stderr, flush=True)
            self._width = 0


def set_up(env: Environment, kind: str) -> None:
    """Make `env` whole for the set `kind`; of starts at the same time one does it and the others wait.

    Raises SetupError, or OSError where .venv can't be written. Whatever happens on the way, the next
    call begins from a known state.
    """
    if not env.is_ours():
        if satisfies(env.lock(kind), env.site_packages()):
            return
        raise SetupError(
            "%s is an environment that Hubbub didn't make, and it lacks what %s asks for.\n"
            "Hubbub won't change it. Remove or rename it and start again, or install into it yourself:\n"
            "  %s -m pip install --require-hashes -r %s"
            % (env.path, env.lock(kind), env.python, env.lock(kind))
        )
    progress = Progress()
    waiting = "another start is setting up .venv: waiting for it"
    os.makedirs(env.path, exist_ok=True)
    with open(env.claim, "a", encoding="ascii") as claim:
        _hold(claim.fileno(), lambda: progress.say(waiting))
        if not env.is_whole(kind):
            _install(env, kind, claim.fileno(), progress)


def _hold(descriptor: int, on_wait: "Callable[[], None]") -> None:
    """Lock the open file until it is closed by every process that has it; `on_wait` is called if that lasts."""
    if sys.platform == "win32":
        import msvcrt
        import time

        told = False
        while True:
            try:
                os.lseek(descriptor, 0, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                if not told:
                    on_wait()
                told = True
                time.sleep(0.2)
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _install(env: Environment, kind: str, claim: int, progress: Progress) -> None:
    """With the claim held: create or repair the environment, install the set, stamp it."""
    import time

    began = time.monotonic()
    stamp = env.stamped()
    if "dev" in stamp:
        kind = "dev"  # whoever has the development set keeps it
    afresh = not stamp or not os.path.exists(env.python)
    adding = stamp.get("run") == digest(env.lock("run")) and kind not in stamp
    update = "adding to" if adding else "the lock file changed; updating"
    uv = _find_uv()
    lock = env.lock(kind)
    steps = _steps(env, lock, uv, afresh)
    count = len(pins(lock))
    progress.say(
        "%s .venv: %d packages, with %s (only now; later starts skip this)"
        % (
            "setting up" if afresh else update,
            count,
            "uv" if uv else "pip",
        )
    )
    before, listing = env.distrust(), env.listing()
    if afresh:
        _empty(env)
    try:
        with open(env.log, "w", encoding="utf-8") as log:
            installer = _Installer(claim, log, progress, count)
            for step in steps:
                installer.run(step)
    except SetupError:
        if not afresh and env.listing() == listing:  # nothing was replaced: what it was, it is
            _replace(env.stamp, before)
        raise
    if not satisfies(lock, env.site_packages()):
        raise SetupError(
            "the installer ended well, yet .venv lacks what it should have installed; perhaps a setting\n"
            "of pip or uv sends packages elsewhere. What it said is in %s" % env.log
        )
    _write_stamp(env, kind)
    progress.say("ready in %.1f s" % (time.monotonic() - began))


def _find_uv() -> str | None:
    """A uv on PATH that works: version managers put stand-ins there that only say what is missing."""
    import shutil
    import subprocess

    uv = shutil.which("uv")
    if uv is None:
        return None
    try:
        answer = subprocess.run([uv, "--version"], capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return uv if answer.returncode == 0 else None


def _steps(env: Environment, lock: str, uv: str | None, afresh: bool) -> list[list[str]]:
    """The commands that bring the environment to the lock. Raises SetupError if none could."""
    if uv is not None:
        create = [uv, "venv", "--allow-existing", "--python", sys.executable, env.path]
        install = [uv, "pip", "install", "--python", env.python, "--require-hashes", "-r", lock]
        return [create, install] if afresh else [install]
    options = [
        "install",
        "--require-hashes",
        "--no-input",
        "--progress-bar=off",
        "--retries=3",
        "-r",
        lock,
    ]
    if _has("venv") and _has("ensurepip"):
        create = [sys.executable, "-m", "venv", env.path]
        if not afresh:  # an environment that uv made has no pip yet; this changes nothing if it has
            create = [env.python, "-m", "ensurepip"]
        return [create, [env.python, "-m", "pip", *options]]
    if _has("venv") and _has("pip"):
        create = [sys.executable, "-m", "venv", "--without-pip", env.path]
        install = [sys.executable, "-m", "pip", "--python", env.python, *options]
        return [create, install] if afresh else [install]
    raise SetupError(_NO_VENV)


def _has(module: str) -> bool:
    """Whether a module is there; a directory that a removed package left behind is none."""
    from importlib.util import find_spec

    spec = find_spec(module)
    return spec is not None and spec.origin is not None


class _Installer:
    """Runs the commands of one installation, follows their output and judges their failures."""

    def __init__(self, claim: int, log: "TextIO", progress: Progress, count: int) -> None:
        self._claim = claim
        self._log = log
        self._progress = progress
        self._count = count
        self._met: set[str] = set()

    def run(self, command: list[str]) -> None:
        """Run one command to its end; raises SetupError with the cause if that is not a good one."""
        import subprocess

        environ = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
        environ.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONUNBUFFERED="1")
        environ.update(NO_COLOR="1", PYTHONUTF8="1")
        self._log.write("$ %s\n" % " ".join(command))
        said = []
        # The child keeps the claim: should we be killed, the next start waits until it has ended.
        keep = () if sys.platform == "win32" else (self._claim,)
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=environ,
            pass_fds=keep,
        ) as child:
            assert child.stdout is not None
            for line in child.stdout:
                said.append(line)
                self._log.write(line)
                self._follow(line)
        if child.returncode != 0:
            self._log.flush()
            raise SetupError(explain("".join(said), self._log.name))

    def _follow(self, line: str) -> None:
        """Turn pip's and uv's lines into a percentage; fetching is nearly all of the time."""
        words = line.replace("==", " ").split()
        if words[:1] in (["Collecting"], ["Downloading"]) and len(words) > 1:
            self._met.add(words[1])
            percent = 5 + 85 * min(len(self._met), self._count) // max(1, self._count)
            self._progress.show(percent, "fetching " + words[1])
        elif words[:1] in (["Prepared"], ["Installing"]):
            self._progress.show(92, "installing")


_NO_VENV = (
    "this Python can't make environments: its venv or ensurepip module is missing.\n"
    "On Debian and Ubuntu: sudo apt install python3-venv\n"
    "or install uv, which needs neither. Then start again."
)

# Signs in the installers' output, in the order they are looked for, and what to tell a person.
_CAUSES = {
    "do not match the hashes|hash mismatch": (
        "a downloaded package is not the one that the lock file pins (its hash differs).\n"
        "Nothing of it was installed. If you use a package mirror, it may alter packages; otherwise\n"
        "the download was damaged or tampered with: start again, and report it if it happens again."
    ),
    "ensurepip is not|no module named '?(ensurepip|venv)": _NO_VENV,
    "no space left|errno 28|disk quota": "the disk is full. Free about 100 MB and start again.",
    (
        "failure in name resolution|name or service not known|nodename nor servname|dns error"
        "|establish a new connection|newconnectionerror|connecttimeout|timed out|max retries"
        "|proxyerror|connect to proxy|tunnel error|error sending request|failed to fetch"
        "|connection (refused|broken|reset)|tcp connect error|network is unreachable"
    ): (
        "the packages can't be fetched: there is no way to the package index from here.\n"
        "The first start needs the network once; after that Hubbub starts without. Check the\n"
        "connection, and HTTPS_PROXY if you are behind a proxy, and start again."
    ),
    "no matching distribution|no solution found|has no wheels|failed to build": (
        "a package has no build for this Python on this machine.\n"
        "Start with another Python (3.11 to 3.14), or install a compiler and start again."
    ),
}


def explain(output: str, log: str) -> str:
    """What a person should know about a failed installation that said `output`, kept in `log`."""
    import re

    for signs, sentence in _CAUSES.items():
        if re.search(signs, output, re.IGNORECASE):
            return "%s\nAll that the installer said is in %s" % (sentence, log)
    last = "".join("  %s\n" % line for line in output.strip().splitlines()[-8:])
    return "the installation failed:\n%sThe rest is in %s. The next start begins anew." % (
        last,
        log,
    )


def _explain_os_error(env: Environment, error: OSError) -> str:
    import errno

    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "the disk is full. Free about 100 MB and start again."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return (
            "can't write %s (%s), so Hubbub can't set itself up here.\n"
            "Copy the checkout to a place of yours, or make an environment elsewhere and start with it:\n"
            "  %s -m venv ~/hubbub-env\n"
            "  ~/hubbub-env/bin/python -m pip install --require-hashes -r %s\n"
            "  ~/hubbub-env/bin/python %s"
        ) % (
            error.filename or env.path,
            error.strerror,
            sys.executable,
            env.lock("run"),
            " ".join(sys.orig_argv[1:]),
        )
    return "can't set up %s: %s" % (env.path, error)


def _empty(env: Environment) -> None:
    """Take everything out of the environment but the claim, which others may be waiting at."""
    import shutil

    for entry in os.scandir(env.path):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        elif entry.path != env.claim:
            os.remove(entry.path)


def _write_stamp(env: Environment, kind: str) -> None:
    """Say what is in place now, in one step."""
    import subprocess

    ask = "import sys; print('%s-%d.%d' % ((sys.implementation.name,) + sys.version_info[:2]))"
    version = subprocess.run(
        [env.python, "-I", "-c", ask], capture_output=True, check=True, text=True
    )
    kinds = ("run", "dev") if kind == "dev" else ("run",)
    lines = ["python " + version.stdout.strip(), *(k + " " + digest(env.lock(k)) for k in kinds)]
    _replace(env.stamp, "\n".join(lines) + "\n")


def _replace(path: str, text: str) -> None:
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.replace(path + ".new", path)


def enter(root: str = ROOT) -> None:
    """Return in an interpreter that has what Hubbub needs; start this program again in `.venv` to get there.

    Call it before anything that the program has to undo. Ends the process with a sentence if it can't be done.
    """
    env = Environment(root)
    _or_exit(env, lambda: _enter(env))


def _or_exit(env: Environment, act: "Callable[[], None]") -> None:
    """Do it, or end the process with a sentence on stderr."""
    try:
        act()
    except SetupError as error:
        sys.exit("hubbub: %s" % error)
    except OSError as error:
        sys.exit("hubbub: %s" % _explain_os_error(env, error))
    except KeyboardInterrupt:
        sys.exit("\nhubbub: interrupted; the next start begins anew")


def _enter(env: Environment) -> None:
    sent = os.environ.pop(_SENT_BY, "") == str(os.getpid())
    if env.is_running() and env.is_ours():
        fits = env.stamped().get("python") == python_version()
        if fits and (sent or env.is_whole("run")):
            return
        if not fits:  # the interpreter behind .venv was exchanged: the packages are another's
            env.distrust()
        _become(getattr(sys, "_base_executable", sys.executable), sent=False)
    if sent and not env.is_running():
        raise SetupError(
            "%s doesn't run in its own environment. Remove %s and start again."
            % (env.python, env.path)
        )
    activated = sys.prefix != sys.base_prefix
    if activated and satisfies(env.lock("run")):
        return
    if not env.is_whole("run"):
        if not activated and satisfies(env.lock("run")):
            return
        set_up(env, "run")
    _become(env.python, sent=True)


def _become(python: str, *, sent: bool) -> "NoReturn":
    """Go on as `python` with the very command line that this process was started with."""
    if sent:
        os.environ[_SENT_BY] = str(os.getpid())
    os.environ.pop(
        "__PYVENV_LAUNCHER__", None
    )  # macOS: would send the new interpreter back to the old prefix
    command = [python, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform == "win32":  # exec there would return to the shell at once
        import signal
        import subprocess

        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the child's to handle
        sys.exit(subprocess.call(command))
    os.execv(python, command)


def run(command: str) -> "NoReturn":
    """Run `hubbub COMMAND` with the arguments of this process, in an environment that has what it needs."""
    enter()
    from hubbub.cli import main as hubbub

    sys.exit(hubbub([command, *sys.argv[1:]]))


def main(arguments: "Sequence[str]") -> int:
    """`python bootstrap.py [--dev]`: make `.venv` whole and say nothing if it is already."""
    if list(arguments) not in ([], ["--dev"]):
        print("usage: python bootstrap.py [--dev]", file=sys.stderr)
        return 2
    env = Environment(ROOT)
    kind = "dev" if arguments else "run"
    _or_exit(env, lambda: None if env.is_whole(kind) else set_up(env, kind))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
