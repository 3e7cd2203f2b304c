"""A machine to run rendered units on: this one's files under an overlay, booted by systemd in a container.

It has namespaces of its own for mounts, processes and network; all of it ends with the test, however that ends. The
data volume is a folder outside, so that it outlives a power cut.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from paddock.processes import end_with_parent
from tests.cli.running import WAIT_S, wait_until
from tests.conftest import REPOSITORY

MEMORY_BYTES = 1_200_000_000
"""Less than the smallest machine that infra/ rents."""
_CGROUPS = Path("/sys/fs/cgroup")

_BOOT = r"""
set -eu
work=$1; units=$2; python=$3; shift 3
for group in $CGROUPS; do echo 0 >"$group/cgroup.procs"; done
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs "$work"
root=$work/root; mkdir "$work/upper" "$work/work" "$root"
mount -t overlay overlay -o lowerdir=/,upperdir="$work/upper",workdir="$work/work" "$root"
# The services of this machine are none of the container's.
rm -rf "$root/etc/systemd/system"; mkdir "$root/etc/systemd/system"; cp -r "$units"/. "$root/etc/systemd/system"
rm -rf "$root/var/log/journal"
echo paddock-test >"$root/etc/hostname"
for user in paddock mongodb; do
    sed -i "/^$user:/d" "$root/etc/passwd" "$root/etc/group"
done
printf 'paddock:x:990:990::/:/usr/sbin/nologin\nmongodb:x:991:991::/:/usr/sbin/nologin\n' >>"$root/etc/passwd"
printf 'paddock:x:990:\nmongodb:x:991:\n' >>"$root/etc/group"
# ProtectHome hides where this test's Python may be; Debian's own with the same packages is not hidden.
packages=$root/opt/paddock/lib/$python/site-packages
mkdir -p "$root/opt/paddock/bin" "$packages"
mkdir -p "$root/opt/packages" "$root/opt/service" "$root/nix" "$root/var/lib/paddock"
ln -s /usr/bin/python3 "$root/opt/paddock/bin/python"
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$root/opt/paddock/pyvenv.cfg"
printf '/opt/packages\n/opt/service\nimport bomb\n' >"$packages/paths.pth"
cp "$BOMB" "$packages/bomb.py"
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --directory "$root" --private-network --register=no --keep-unit --link-journal=no \
    --capability=CAP_SYS_RESOURCE --boot --console=pipe "$@" -- --unit=paddock.target
"""


class Container:
    """One machine, which may be started again after its end.

    Args:
        folder: for its files; the volume is ``folder/volume``.
        units: folder of unit files.
        store: the Nix store that they speak of.
        bomb: a Python module that every Python in it imports at its start.
        groups: control groups for all of it.
    """

    def __init__(self, folder: Path, units: Path, store: Path, bomb: Path, groups: Sequence[Path]) -> None:
        self._folder = folder
        self._units = units
        self._bomb = bomb
        self._groups = groups
        self._packages, python = packages_of_debian(folder)
        self._python = python
        self._store = store
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0
        (folder / "volume").mkdir()

    def start(self) -> None:
        """Boot it; returns when its systemd answers."""
        work = self._folder / "machine"
        work.mkdir(exist_ok=True)
        binds = {
            "--bind": {self._folder / "volume": "/var/lib/paddock"},
            "--bind-ro": {
                self._store / "nix": "/nix",
                self._packages: "/opt/packages",
                REPOSITORY / "service": "/opt/service",
            },
        }
        console = (self._folder / "console").open("ab")
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"]
            + ["bash", "-c", _BOOT, "boot", str(work), str(self._units), self._python]
            + [f"{how}={here}:{there}" for how, all_ in binds.items() for here, there in all_.items()],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CGROUPS": " ".join(map(str, self._groups)), "BOMB": str(self._bomb)},
            preexec_fn=end_with_parent,
        )
        console.close()
        self._init = wait_until(self._find_init)
        wait_until(lambda: self.run("systemctl", "list-jobs", check=False).returncode == 0)

    def _find_init(self) -> int | None:
        assert self._process is not None
        assert self._process.poll() is None, f"it did not boot:\n{(self._folder / 'console').read_text()}"
        for pid in _descendants(self._process.pid):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                if b"--unit=paddock.target" in command and b"nspawn" not in command and b"boot" not in command:
                    return pid
        return None

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command inside, as root."""
        return self._enter(("--mount", "--uts", "--ipc", "--net", "--pid"), command, check=check)

    def reach(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command of this machine that sees the container's network instead of ours."""
        return self._enter(("--net",), command, check=check)

    def _enter(
        self, namespaces: tuple[str, ...], command: tuple[str | Path, ...], *, check: bool
    ) -> subprocess.CompletedProcess[str]:
        run = subprocess.run(
            self.entered(namespaces, command), capture_output=True, text=True, check=False, timeout=WAIT_S
        )
        assert run.returncode == 0 or not check, f"{command}\n{run.stdout}\n{run.stderr}\n{self.journal()[-4000:]}"
        return run

    def entered(self, namespaces: tuple[str, ...], command: tuple[str | Path, ...]) -> list[str]:
        """The command line that does this inside."""
        return ["nsenter", "--target", str(self._init), *namespaces, "--", *map(str, command)]

    def journal(self, *options: str) -> str:
        """Its lines, or those that the options of journalctl ask for."""
        return self._enter(
            ("--mount", "--pid"), ("journalctl", "--no-pager", "--quiet", *options), check=False
        ).stdout

    def shown(self, unit: str, name: str) -> str:
        """A property of a unit, as systemctl shows it."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).stdout.strip()

    def pid(self, unit: str) -> int:
        """Process id of the unit's main process, as the container numbers it; 0 when there is none."""
        return int(self.shown(unit, "MainPID") or 0)

    def cut_power(self) -> None:
        """All its processes are gone at once; the volume has what was written."""
        assert self._process is not None
        # Not unshare itself: it waits for the one that it has started, and nobody else may.
        for pid in list(_descendants(self._process.pid))[:1]:
            os.kill(pid, signal.SIGKILL)
        self._process.wait(WAIT_S)
        self._process = None


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))


def packages_of_debian(folder: Path) -> tuple[Path, str]:
    """The packages that the tests run with, for Debian's Python, and that Python's name."""
    asked = "import sys; print('python%d.%d' % sys.version_info[:2])"
    python = subprocess.run(
        ["/usr/bin/python3", "-c", asked], capture_output=True, text=True, check=True
    ).stdout.strip()
    if python == f"python{sys.version_info[0]}.{sys.version_info[1]}":
        return Path(sysconfig.get_path("purelib")), python
    for command in (
        ["venv", "--python", "/usr/bin/python3", "venv"],
        ["pip", "install", "--python", "venv", REPOSITORY],
    ):
        subprocess.run(["uv", *command, "--quiet"], cwd=folder, check=True)
    return folder / "venv" / "lib" / python / "site-packages", python


def _hierarchies() -> tuple[Path, Path]:
    """Where processes are put to be counted, and where their memory is limited."""
    if (_CGROUPS / "memory").is_dir():
        return _CGROUPS / "unified", _CGROUPS / "memory"
    return _CGROUPS, _CGROUPS


@contextmanager
def limited_memory(limit_bytes: int) -> Iterator[list[Path]]:
    """Control groups for one container; whoever joins them has this much memory, together with all who did."""
    unified, memory = _hierarchies()
    name = f"paddock-test-{os.getpid()}"
    groups = sorted({unified / name, memory / name})
    # nspawn makes one more where systemd had its own before there was a unified hierarchy.
    made = [*groups, _CGROUPS / "systemd" / name]
    for left in {each for group in made for each in group.parent.glob("paddock-test-*")}:
        # That of a test that was killed: its processes went with it, its groups could not.
        if not Path(f"/proc/{left.name.rpartition('-')[2]}").exists():
            _removed(left)
    try:
        for group in groups:
            group.mkdir()
        file = "memory.limit_in_bytes" if memory.name == "memory" else "memory.max"
        if not (memory / name / file).exists():
            pytest.skip("the kernel does not let us limit memory here")
        (memory / name / file).write_text(str(limit_bytes))
        yield groups
    finally:
        for group in made:
            # The processes in them were killed, and may take a moment to be gone.
            wait_until(partial(_removed, group))


def _removed(group: Path) -> bool:
    if not group.exists():
        return True
    for folder in (*sorted(group.rglob("*/"), key=lambda each: -len(each.parts)), group):
        with suppress(OSError):
            folder.rmdir()
    return not group.exists()


@contextmanager
def container(folder: Path, units: Path, store: Path, bomb: Path) -> Iterator[Container]:
    """Args: as for ``Container``. Skips the test where this machine cannot have one."""
    if os.geteuid() != 0 or not shutil.which("systemd-nspawn"):
        pytest.skip("a container wants root and systemd-nspawn (apt install systemd-container)")
    with limited_memory(MEMORY_BYTES) as groups:
        machine = Container(folder, units, store, bomb, groups)
        machine.start()
        try:
            yield machine
        finally:
            machine.cut_power()
