"""Which recorder is meant by what somebody typed."""

from __future__ import annotations

from pathlib import Path

from paddock.basestation.car.recorders.command import CommandRecorder, TwoCommandsRecorder, signal_named
from paddock.basestation.car.recorders.nothing import NoRecorder
from paddock.basestation.car.recorders.recorder import Recorder
from paddock.basestation.car.recorders.systemd import SystemdRecorder
from paddock.basestation.car.store import Store
from paddock.errors import Rejected

FORMS = "systemd:UNIT, command:LINE, or a URL"


def recorder_named(start: str, stop: str, status: str, *, store: Store, state: Path) -> Recorder:
    """The recorder.

    Args:
        start: ``systemd:UNIT`` (``systemd-user:UNIT`` for one of this user's manager), ``command:LINE`` or a URL.
            Empty for one that starts by itself.
        stop: a URL; of commands also the name of a signal, SIGINT if it is empty.
        status: a URL or a command; may be empty.
        store: remembers what it has to.
        state: directory for what commands say.

    Raises:
        Rejected: nobody can tell what is meant (code ``bad_recorder``).
    """
    kind, _, rest = start.partition(":")
    if not start:
        recorder: Recorder = NoRecorder()
    elif kind in ("systemd", "systemd-user") and rest:
        recorder = SystemdRecorder(rest, user=kind == "systemd-user")
    elif kind == "command" and rest:
        ends_with = signal_named(stop or "SIGINT")
        output = state / "recorder.txt"
        if ends_with is not None:
            recorder = CommandRecorder(rest, ends_with, store, output)
        else:
            return TwoCommandsRecorder(rest, stop, status, output)
    elif kind in ("http", "https"):
        # Needs a hundredth of a second and a megabyte, which those without it save.
        from paddock.basestation.car.recorders.http import HttpRecorder

        if not stop:
            raise _bad("A recorder with a URL is stopped by another one: add --recorder-stop URL.")
        return HttpRecorder(start, stop, status)
    else:
        raise _bad(f"--recorder takes {FORMS}, not {start!r}.")
    if status or (stop and kind != "command"):
        raise _bad("--recorder-stop and --recorder-status are for a recorder with a URL or commands of its own.")
    return recorder


def _bad(message: str) -> Rejected:
    return Rejected(message, code="bad_recorder")
