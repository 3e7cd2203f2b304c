"""A recorder that is a unit of systemd."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from paddock.basestation.car.recorders.recorder import Doing, RecorderState
from paddock.domain.words import printable
from paddock.errors import Unavailable

PATIENCE_S = 60
"""How long the unit may take to stop: it may have a large log to close."""
_ASK_S = 10
_PROPERTIES = "LoadState,ActiveState,SubState,Result,ExecMainStatus,StatusText"
_DOING = {
    "active": Doing.RECORDING,
    "reloading": Doing.RECORDING,
    "activating": Doing.STARTING,
    "deactivating": Doing.STOPPING,
    "inactive": Doing.STOPPED,
    "failed": Doing.DIED,
}
_RESULTS = {
    "exit-code": "it ended with code {code}",
    "signal": "it was killed by signal {code}",
    "core-dump": "it crashed with signal {code}",
    "timeout": "it took too long",
    "oom-kill": "the machine had no memory left",
    "watchdog": "it hung",
    "start-limit-hit": "it failed too often, one time after the other",
}


class SystemdRecorder:
    """Started and stopped by ``systemctl``.

    It cannot be given metadata: those lie beside the log.

    Args:
        unit: the name of the unit.
        user: whether it is one of this user's own manager.
    """

    can_start = True

    def __init__(self, unit: str, *, user: bool = False) -> None:
        self._unit = unit
        self._systemctl = ["systemctl", *(["--user"] if user else []), "--no-ask-password"]

    def start(self, metadata: Mapping[str, str]) -> None:
        """Start the unit; what systemd says of one that runs already is nothing."""
        self._run("start", PATIENCE_S)

    def stop(self) -> None:
        """Stop the unit, and wait until it has."""
        self._run("stop", PATIENCE_S)

    def state(self) -> RecorderState:
        """As ``systemctl show`` has it."""
        try:
            said = self._run("show", _ASK_S, f"--property={_PROPERTIES}")
        except Unavailable as error:
            return RecorderState(Doing.UNKNOWN, error.message)
        found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        if found.get("LoadState") == "not-found":
            return RecorderState(Doing.UNKNOWN, f"systemd knows no unit {self._unit}.")
        doing = _DOING.get(found.get("ActiveState", ""), Doing.UNKNOWN)
        if doing is Doing.STARTING and found.get("SubState") == "auto-restart":
            return RecorderState(Doing.DIED, f"{_why(found)}; systemd starts it again.")
        if doing is Doing.DIED:
            return RecorderState(doing, f"{_why(found)}. `journalctl -u {self._unit}` on the car has more.")
        return RecorderState(doing, found.get("StatusText", ""))

    def _run(self, verb: str, seconds: float, *options: str) -> str:
        command = [*self._systemctl, verb, *options, "--", self._unit]
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL)
        except FileNotFoundError:
            raise Unavailable("There is no systemd on this machine (systemctl).", code="recorder") from None
        except subprocess.TimeoutExpired:
            raise Unavailable(
                f"systemd did not {verb} {self._unit} within {seconds:.0f} s.", code="recorder"
            ) from None
        if done.returncode:
            said = printable(done.stderr.decode(errors="replace").strip()) or f"code {done.returncode}"
            raise Unavailable(f"systemd does not {verb} {self._unit}: {said}", code="recorder")
        return done.stdout.decode(errors="replace")


def _why(found: Mapping[str, str]) -> str:
    result = found.get("Result", "")
    words = _RESULTS.get(result, result or "nobody knows why")
    return f"The recorder has died: {words.format(code=found.get('ExecMainStatus', '?'))}"
