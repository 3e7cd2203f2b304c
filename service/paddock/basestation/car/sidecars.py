"""The sidecars beside the logs: written for those that begin here, read for all."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from paddock.basestation.car.folder import Found, Stamp, stamp_of
from paddock.domain.sidecar import SUFFIX, Sidecar, read_sidecar, sidecar_name
from paddock.durable_files import write_durably
from paddock.errors import Rejected, Unavailable

_NONE = Sidecar()
_MODE = 0o644


class _Read(NamedTuple):
    stamp: Stamp
    sidecar: Sidecar
    complaint: str = ""
    """What is wrong with it."""


class Sidecars:
    """What lies beside the logs, read once for each change.

    Args:
        root: the directory of the logs.
        recorded_by: the name of this computer.
    """

    def __init__(self, root: Path, recorded_by: str) -> None:
        self._root = root
        self._recorded_by = recorded_by
        self._read: dict[str, _Read] = {}
        self._not_written = ""

    @property
    def complaint(self) -> str:
        """Why one could not be written, or what is wrong with one; empty where all is well."""
        return self._not_written or next((each.complaint for each in self._read.values() if each.complaint), "")

    def look(self, found: Found) -> None:
        """Read those that are new or have changed."""
        read = {}
        for name, stamp in found.sidecars.items():
            log = name.removesuffix(SUFFIX)
            if log not in found.logs:
                continue
            known = self._read.get(log)
            if known is None or known.stamp != stamp:
                try:
                    known = _Read(stamp, read_sidecar(self._root / log) or _NONE)
                except Rejected as error:
                    known = _Read(stamp, _NONE, error.message)
            read[log] = known
        self._read = read

    def of(self, log: str) -> Sidecar:
        """What lies beside a log; an empty one where nothing does."""
        known = self._read.get(log)
        return known.sidecar if known is not None else _NONE

    def forget(self, log: str) -> None:
        """What lies there belongs to an earlier log of that name."""
        self._read.pop(log, None)

    def change(self, log: str, sidecar: Sidecar) -> None:
        """Write the sidecar of a log: the old one is there until the new one is.

        Raises:
            Unavailable: it cannot be written (code ``no_sidecar``).
        """
        if not sidecar.recorded_by:
            sidecar = msgspec.structs.replace(sidecar, recorded_by=self._recorded_by)
        path = self._root / sidecar_name(log)
        try:
            write_durably(path, sidecar.to_bytes(), _MODE)
            stamp = stamp_of(path.stat())
        except OSError as error:
            self._not_written = (
                f"What is known of {log[:200]} could not be written beside it: {error.strerror}. "
                "It is tried again until it can be."
            )
            raise Unavailable(self._not_written, code="no_sidecar") from None
        self._not_written = ""
        self._read[log] = _Read(stamp, sidecar)

    def remove(self, log: str) -> None:
        """Take the sidecar away with its log."""
        self._read.pop(log, None)
        (self._root / sidecar_name(log)).unlink(missing_ok=True)
