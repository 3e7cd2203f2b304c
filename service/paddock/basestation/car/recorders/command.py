"""A recorder that is a command: one that records until it gets a signal, or one to start it and one to stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from paddock.basestation.car.recorders.recorder import Doing, RecorderState
from paddock.basestation.car.store import Store
from paddock.domain.words import printable
from paddock.errors import Rejected, Unavailable
from paddock.settings import environment_with

PATIENCE_S = 60
"""How long the command may take to close its log."""
START_LOOK_S = 0.5
"""A command that ends sooner than this counts as not started."""
_LOOK_S = 0.05
_TAIL_BYTES = 500
_FACT = "recorder process"


class _Process(msgspec.Struct, frozen=True):
    """What tells a process from a later one of the same number."""

    pid: int
    started: str


class CommandRecorder:
    """Runs until it is told to end, in a session of its own: the recording goes on when this program ends.

    Its metadata are in its environment: ``RUN_METADATA`` as JSON, and ``RUN_DRIVER`` and so on.

    Args:
        command: a line for the shell.
        ends_with: the signal with which it closes its log.
        store: remembers the process, so that the next start of this program finds it.
        output: the file into which it writes what it says; begun anew with each start.
    """

    can_start = True

    def __init__(self, command: str, ends_with: signal.Signals, store: Store, output: Path) -> None:
        self._command, self._signal = command, ends_with
        self._store, self._output = store, output
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def start(self, metadata: Mapping[str, str]) -> None:
        """Run the command, unless it runs; one that ends at once has failed."""
        if self._running() is not None:
            return
        self._stopping = False
        self._child = run_in_shell(self._command, metadata, self._output)
        if (started := _started(self._child.pid)) is not None:
            with contextlib.suppress(Unavailable):  # a full disk is no reason not to try
                self._store.keep_fact(_FACT, _Process(self._child.pid, started))
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._child.wait(START_LOOK_S)
            raise Unavailable(f"The recorder did not start: {_end(code, self._output)}", code="recorder")

    def stop(self) -> None:
        """Send the signal to the command and all that it started, and wait until it has ended."""
        pid = self._running()
        if pid is None:
            self._stopping = True
            return
        self._stopping = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, self._signal)
        ends_at = time.monotonic() + PATIENCE_S
        while self._running() is not None:
            if time.monotonic() > ends_at:
                raise Unavailable(
                    f"The recorder got {self._signal.name} and has not ended within {PATIENCE_S} s. It may be "
                    "closing a large log; try again.",
                    code="recorder",
                )
            time.sleep(_LOOK_S)

    def state(self) -> RecorderState:
        """Whether the process is there; how it ended, if that was this program's child."""
        if self._running() is not None:
            return RecorderState(Doing.STOPPING if self._stopping else Doing.RECORDING)
        if self._child is None or self._stopping:
            return RecorderState(Doing.STOPPED)
        code = self._child.returncode
        if code == 0:
            return RecorderState(Doing.STOPPED, "The recorder has ended by itself.")
        return RecorderState(Doing.DIED, f"The recorder has died: {_end(code, self._output)}")

    def _running(self) -> int | None:
        """The number of the process, which leads its group; None when it has ended."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        known = self._store.fact(_FACT, _Process)
        return known.pid if known is not None and _started(known.pid) == known.started else None


class TwoCommandsRecorder:
    """One command starts the recorder and ends, another one stops it; a third may say whether it records.

    Args:
        start_command: a line for the shell, with the metadata in its environment.
        stop_command: likewise.
        status_command: ends with 0 while it records. Empty where nobody can say: it does what it was told last.
        output: the file into which they write what they say.
    """

    can_start = True

    def __init__(self, start_command: str, stop_command: str, status_command: str, output: Path) -> None:
        self._start, self._stop, self._status = start_command, stop_command, status_command
        self._output = output
        self._told = Doing.UNKNOWN

    def start(self, metadata: Mapping[str, str]) -> None:
        """Run the command, unless it records."""
        if self.state().doing is Doing.RECORDING:
            return
        self._run(self._start, metadata, "did not start")
        self._told = Doing.RECORDING

    def stop(self) -> None:
        """Run the other command."""
        if self.state().doing is Doing.STOPPED:
            return
        self._run(self._stop, {}, "did not stop")
        self._told = Doing.STOPPED

    def state(self) -> RecorderState:
        """What the third command says, or what it was told."""
        if not self._status:
            return RecorderState(self._told)
        try:
            records = _code(run_in_shell(self._status, {}, self._output.with_suffix(".status"))) == 0
        except Unavailable as error:
            return RecorderState(Doing.UNKNOWN, error.message)
        if not records and self._told is Doing.RECORDING:
            return RecorderState(Doing.DIED, "The recorder has stopped by itself.")
        return RecorderState(Doing.RECORDING if records else Doing.STOPPED)

    def _run(self, command: str, metadata: Mapping[str, str], failed: str) -> None:
        code = _code(run_in_shell(command, metadata, self._output))
        if code:
            raise Unavailable(f"The recorder {failed}: {_end(code, self._output)}", code="recorder")


def signal_named(text: str) -> signal.Signals | None:
    """``SIGINT`` or ``INT``; None where it is the name of none."""
    return getattr(signal.Signals, f"SIG{text.upper().removeprefix('SIG')}", None)


def run_in_shell(command: str, metadata: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    """Begin a line of the shell, in a session of its own.

    Raises:
        Unavailable: the machine cannot (code ``recorder``).
    """
    said = {f"RUN_{name.upper()}": value for name, value in metadata.items()}
    try:
        # Whoever goes on writing after we ended has a file to write to.
        with output.open("wb") as file:
            return subprocess.Popen(
                ["/bin/sh", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                env=environment_with({**said, "RUN_METADATA": msgspec.json.encode(metadata).decode()}),
            )
    except OSError as error:
        raise Unavailable(f"The recorder's command cannot run: {error.strerror}.", code="recorder") from None
    except ValueError:
        raise Rejected("A value of the metadata has a character that commands cannot be given.") from None


def _code(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise Unavailable(f"The recorder's command did not end within {PATIENCE_S} s.", code="recorder") from None


def _end(code: int, output: Path) -> str:
    how = f"it ended with code {code}" if code >= 0 else f"it was killed by signal {-code}"
    try:
        with output.open("rb") as file:
            file.seek(max(0, output.stat().st_size - _TAIL_BYTES))
            said = printable(file.read().decode(errors="replace").strip())
    except OSError:
        said = ""
    return f"{how}. It said: {said}" if said else f"{how}, and said nothing."


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; None where there is none, or only what is left of one."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[19] if fields[0] not in "ZX" else None
