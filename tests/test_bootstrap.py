"""The first start, in a copy of the entry points, with a stand-in for uv that needs no network."""

import ast
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import venv
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(bootstrap.__file__).parent

# Makes environments without pip and "installs" by writing the metadata of each pinned package.
FAKE_UV = """\
import os, pathlib, re, subprocess, sys
arguments = sys.argv[1:]
if arguments == ["--version"]:
    print("uv 0")
    sys.exit()
here = pathlib.Path(__file__).parent
if arguments[0] == "venv":
    python = arguments[arguments.index("--python") + 1]
    sys.exit(subprocess.call([python, "-m", "venv", "--without-pip", arguments[-1]]))
with open(here / "calls", "a") as calls:
    calls.write("install\\n")
environment = pathlib.Path(arguments[arguments.index("--python") + 1]).parents[1]
(site,) = environment.glob("lib/python*/site-packages")
if (here / "gate").exists():
    (site / "half-installed").touch()
    print("Downloading half", flush=True)
    (here / "gate").read_bytes()
if (here / "fail").exists():
    print((here / "fail").read_text())
    sys.exit(2)
for name, version in re.findall(r"(?m)^([\\w-]+)==(\\S+)", open(arguments[-1]).read()):
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
"""

STUB_CLI = """\
import sys
def main(argv):
    print(*argv, sys.prefix, sep="|")
    return 3
"""


class Checkout:
    """A copy of the entry points with a lock file of its own and a PATH on which `uv` is ours."""

    def __init__(self, root: Path) -> None:
        self.root = root / "checkout"
        self.tools = root / "tools"
        self.venv = self.root / ".venv"
        for directory in (self.root / "hubbub", self.root / "requirements", self.tools):
            directory.mkdir(parents=True)
        for name in ("bootstrap.py", "server.py", "client.py"):
            shutil.copy(ROOT / name, self.root)
        (self.root / "hubbub" / "cli.py").write_text(STUB_CLI)
        self.lock("run", "alpha==1.0\n")
        self.lock("dev", "alpha==1.0\nomega==2.0\n")
        script = self.tools / "fake_uv.py"
        script.write_text(FAKE_UV)
        uv = self.tools / "uv"
        uv.write_text(f'#!/bin/sh\nexec {self.python} "{script}" "$@"\n')
        uv.chmod(0o755)

    @property
    def python(self) -> str:
        """An interpreter in no environment, as a newcomer has it."""
        return str(getattr(sys, "_base_executable", sys.executable))

    def lock(self, kind: str, text: str) -> None:
        (self.root / "requirements" / f"{kind}.txt").write_text(text)

    def calls(self) -> int:
        calls = self.tools / "calls"
        return len(calls.read_text().splitlines()) if calls.exists() else 0

    def begin(
        self, *arguments: str, python: str | None = None, **environ: str
    ) -> subprocess.Popen[str]:
        names = {"HOME": str(self.root.parent), "PATH": f"{self.tools}:/usr/bin:/bin", **environ}
        return subprocess.Popen(
            [python or self.python, *arguments],
            cwd=self.root,
            env=names,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(
        self, *arguments: str, python: str | None = None, **environ: str
    ) -> tuple[int, str, str]:
        """Exit status, stdout and stderr of `python ARGUMENTS`."""
        process = self.begin(*arguments, python=python, **environ)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path.resolve())


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_the_first_start_sets_up_and_later_ones_are_silent(checkout: Checkout) -> None:
    status, out, err = checkout.start("server.py", "-d", "--listen", "x:1")
    assert (status, out) == (3, f"serve|-d|--listen|x:1|{checkout.venv}\n")
    assert "setting up .venv: 1 packages, with uv" in err
    assert checkout.start("client.py", "--name", "ann") == (
        3,
        f"chat|--name|ann|{checkout.venv}\n",
        "",
    )
    assert checkout.calls() == 1


def test_a_whole_environment_needs_no_installer(checkout: Checkout) -> None:
    checkout.start("server.py")
    assert checkout.start("server.py", PATH="/nowhere")[::2] == (3, "")


def test_options_of_the_interpreter_survive_the_change_of_interpreter(checkout: Checkout) -> None:
    (checkout.root / "hubbub" / "cli.py").write_text(
        "import sys\ndef main(argv):\n    print(sys.flags.dev_mode)\n    return 0\n"
    )
    assert checkout.start("-X", "dev", "server.py")[1] == "True\n"


def test_a_changed_lock_is_noticed(checkout: Checkout) -> None:
    checkout.start("server.py")
    checkout.lock("run", "alpha==1.0\nbeta==1.0\n")
    status, _, err = checkout.start("server.py")
    assert status == 3
    assert "lock file changed" in err
    assert (checkout.calls(), checkout.start("server.py")[2]) == (2, "")


def test_an_update_that_could_not_be_fetched_leaves_the_old_environment(checkout: Checkout) -> None:
    checkout.start("server.py")
    checkout.lock("run", "alpha==2.0\n")
    (checkout.tools / "fail").write_text("dns error")
    assert checkout.start("server.py")[0] == 1
    checkout.lock("run", "alpha==1.0\n")
    assert checkout.start("server.py")[::2] == (3, "")


def test_line_ends_of_the_lock_do_not_count(checkout: Checkout) -> None:
    checkout.start("server.py")
    lock = checkout.root / "requirements" / "run.txt"
    lock.write_bytes(lock.read_bytes().replace(b"\n", b"\r\n"))
    assert checkout.start("server.py")[2] == ""


def test_the_development_set_contains_the_other_and_stays(checkout: Checkout) -> None:
    assert checkout.start("bootstrap.py", "--dev")[0] == 0
    assert checkout.start("server.py")[2] == ""
    checkout.lock("run", "alpha==1.1\n")
    checkout.lock("dev", "alpha==1.1\nomega==2.0\n")
    assert "2 packages" in checkout.start("server.py")[2]
    assert checkout.start("bootstrap.py", "--dev") == (0, "", "")


@pytest.mark.parametrize("stamp", ["", "garbage", "python cpython-3.11", "run \udcff"])
def test_a_damaged_stamp_means_a_new_environment(checkout: Checkout, stamp: str) -> None:
    checkout.start("server.py")
    (checkout.venv / "bin" / "leftover").touch()
    (checkout.venv / "hubbub.stamp").write_text(stamp, errors="surrogateescape")
    assert checkout.start("server.py")[0] == 3
    assert not (checkout.venv / "bin" / "leftover").exists()


def test_another_python_behind_the_environment_means_a_new_one(checkout: Checkout) -> None:
    checkout.start("server.py")
    stamp = checkout.venv / "hubbub.stamp"
    stamp.write_text(re.sub(r"python .*", "python cpython-3.0", stamp.read_text()))
    status, _, err = checkout.start("server.py")
    assert status == 3
    assert "setting up" in err
    assert checkout.start("server.py")[2] == ""


def test_of_two_first_starts_one_installs_and_the_other_waits(checkout: Checkout) -> None:
    os.mkfifo(checkout.tools / "gate")
    first = checkout.begin("server.py")
    gate = (checkout.tools / "gate").open("wb")  # opens when the installer has come to it
    second = checkout.begin("client.py")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    (checkout.tools / "gate").unlink()
    gate.close()
    assert (finish(first)[0], finish(second)[0]) == (3, 3)
    assert checkout.calls() == 1


def test_an_interrupted_install_is_made_again_once_its_installer_is_gone(
    checkout: Checkout,
) -> None:
    os.mkfifo(checkout.tools / "gate")
    first = checkout.begin("server.py")
    gate = (checkout.tools / "gate").open("wb")
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = checkout.begin("server.py")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline(), "the orphaned installer still writes"
    (checkout.tools / "gate").unlink()
    gate.close()
    assert finish(second)[0] == 3
    finish(first)
    assert checkout.calls() == 2
    assert not list(checkout.venv.rglob("half-installed"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("error: Temporary failure in name resolution", "The first start needs the network once"),
        ("Cannot connect to proxy", "HTTPS_PROXY"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM ...", "its hash differs"),
        ("Hash mismatch for `alpha`", "its hash differs"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ensurepip is not available.", "sudo apt install python3-venv"),
        ("No matching distribution found for alpha", "no build for this Python"),
        ("something else", "  something else"),
    ],
)
def test_failures_are_told_with_what_to_do(checkout: Checkout, said: str, told: str) -> None:
    (checkout.tools / "fail").write_text(said)
    status, out, err = checkout.start("server.py")
    assert (status, out) == (1, "")
    assert told in err
    assert "Traceback" not in err
    assert said in (checkout.venv / "hubbub.log").read_text()
    (checkout.tools / "fail").unlink()
    assert checkout.start("server.py")[0] == 3


def test_a_uv_that_does_not_work_is_no_uv(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(checkout.tools))
    assert bootstrap._find_uv() == str(checkout.tools / "uv")
    (checkout.tools / "uv").write_text("#!/bin/sh\nexit 127\n")
    assert bootstrap._find_uv() is None


def test_a_python_without_venv_is_told_which_package_it_lacks(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_has", lambda module: False)
    env = bootstrap.Environment(str(checkout.root))
    with pytest.raises(bootstrap.SetupError, match="sudo apt install python3-venv"):
        bootstrap._steps(env, env.lock("run"), None, True)


def test_what_a_removed_package_left_behind_is_no_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leftover" / "__pycache__").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path)
    assert not bootstrap._has("leftover")
    assert not bootstrap._has("not_there_at_all")
    assert bootstrap._has("venv")


def test_a_python_without_ensurepip_uses_its_own_pip(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_has", lambda module: module != "ensurepip")
    env = bootstrap.Environment(str(checkout.root))
    create, install = bootstrap._steps(env, env.lock("run"), None, True)
    assert "--without-pip" in create
    assert install[1:5] == ["-m", "pip", "--python", env.python]


def test_a_checkout_that_cannot_be_written_is_told_how_to_start_anyway(checkout: Checkout) -> None:
    checkout.venv.symlink_to("/proc/hubbub")  # nobody can make that, not even root
    status, _, err = checkout.start("server.py")
    assert status == 1
    assert "Traceback" not in err
    assert ".venv" in err


def test_read_only_names_another_place() -> None:
    error = PermissionError(13, "Permission denied", "/checkout/.venv")
    told = bootstrap._explain_os_error(bootstrap.Environment("/checkout"), error)
    assert "can't write /checkout/.venv (Permission denied)" in told
    assert "~/hubbub-env/bin/python -m pip install --require-hashes" in told


def test_an_active_environment_that_satisfies_the_lock_is_used(checkout: Checkout) -> None:
    other = checkout.root.parent / "other"
    venv.create(other, with_pip=False)
    (site,) = other.glob("lib/python*/site-packages")
    info = site / "alpha-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n")
    python = str(other / "bin" / "python")
    assert checkout.start("server.py", python=python) == (3, f"serve|{other}\n", "")
    assert not checkout.venv.exists()

    before = sorted(other.rglob("*"))
    checkout.lock("run", "alpha==1.1\n")
    assert checkout.start("server.py", python=python)[1] == f"serve|{checkout.venv}\n"
    assert sorted(other.rglob("*")) == before


def test_an_environment_that_is_not_ours_is_never_changed(checkout: Checkout) -> None:
    venv.create(checkout.venv, with_pip=False)
    before = sorted(checkout.venv.rglob("*"))
    status, _, err = checkout.start("server.py")
    assert status == 1
    assert "Hubbub won't change it" in err
    assert sorted(checkout.venv.rglob("*")) == before

    (site,) = checkout.venv.glob("lib/python*/site-packages")
    (site / "alpha-1.0.dist-info").mkdir()
    (site / "alpha-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n"
    )
    assert checkout.start("server.py") == (3, f"serve|{checkout.venv}\n", "")


@pytest.mark.parametrize("name", ["server.py", "client.py"])
def test_a_missing_lock_file_is_told(checkout: Checkout, name: str) -> None:
    (checkout.root / "requirements" / "run.txt").unlink()
    status, _, err = checkout.start(name)
    assert status == 1
    assert "restore the file with git" in err


@pytest.mark.parametrize("name", ["bootstrap.py", "server.py", "client.py"])
def test_old_pythons_can_parse_the_entry_points(name: str) -> None:
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("kind", ["run", "dev"])
def test_the_real_lock_files_are_complete_and_name_no_address(kind: str) -> None:
    lock = ROOT / "requirements" / f"{kind}.txt"
    text = lock.read_text()
    assert "://" not in text
    assert "index" not in re.sub(r"(?m)#.*", "", text)
    requirements = re.findall(r"(?m)^\S+==[^\\]+\\\n((?: +--hash=sha256:[0-9a-f]{64}.*\n)+)", text)
    assert len(requirements) == len(re.findall(r"(?m)^[^\s#]", text))
    assert {"msgspec", "cryptography"} <= set(bootstrap.pins(str(lock)))


def test_the_development_lock_pins_what_the_other_pins() -> None:
    run, dev = (bootstrap.pins(str(ROOT / "requirements" / f"{k}.txt")) for k in ("run", "dev"))
    assert run.items() <= dev.items()


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"alpha\n")
    assert bootstrap.digest(str(tmp_path / "lock")) == hashlib.sha256(b"alpha\n").hexdigest()


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("python_version >= '3.11'", True),
        ("python_version > '3.9' and python_version < '4'", True),
        ("python_version <= '3.9'", False),
        ("python_full_version < '3.9'", False),
        ("sys_platform == 'nothing' or implementation_name != 'x'", True),
        ("sys_platform != 'nothing' and python_version == '3.1'", False),
    ],
)
def test_markers(marker: str, *, holds: bool) -> None:
    assert bootstrap.marker_holds(marker) is holds


def test_unknown_markers_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown environment marker"):
        bootstrap.marker_holds("extra == 'x'")


def test_the_progress_line_is_for_terminals_only(capsys: pytest.CaptureFixture[str]) -> None:
    progress = bootstrap.Progress()
    progress.show(50, "fetching")
    progress.say("ready")
    assert capsys.readouterr().err == "hubbub: ready\n"


def test_the_usage_is_told(checkout: Checkout) -> None:
    assert checkout.start("bootstrap.py", "--what") == (
        2,
        "",
        textwrap.dedent("usage: python bootstrap.py [--dev]\n"),
    )
