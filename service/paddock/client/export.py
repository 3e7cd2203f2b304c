"""An export on its way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from paddock.client.connection import Connection
from paddock.client.files import Artifact
from paddock.client.job import WAIT_S, Failure, Patience
from paddock.domain.export import ExportRequest


class PendingExport:
    """One file that was asked for: ``export(…).wait().save()``. Asking twice for the same makes it once."""

    def __init__(self, connection: Connection, recording_id: str, request: ExportRequest) -> None:
        self._connection = connection
        self._path = f"/api/recordings/{recording_id}/exports"
        self._request = request
        self._answer: dict[str, Any] = {}
        self._ask()

    def _ask(self) -> None:
        self._answer = self._connection.call("POST", self._path, json=msgspec.to_builtins(self._request))

    def wait(
        self, progress: Callable[[float], None] = lambda _: None, *, timeout_s: float = WAIT_S
    ) -> PendingExport:
        """Itself, once the file is there.

        Args:
            progress: told how far it is, 0 to 1.
            timeout_s: how long to wait at most.

        Raises:
            Rejected: it cannot be made; the message says why.
            Unavailable: it is not there after ``timeout_s`` (code ``not_done``).
        """
        patience = Patience(timeout_s, "The export")
        while self._answer["artifact"] is None:
            if self._answer["state"] == "dead":
                raise msgspec.convert(self._answer["error"], Failure).rejection()
            progress(self._answer["progress"])
            patience.pause()
            if self._answer["state"] == "done":
                # Metadata or catalogue changed while it was made, and with them the file's id.
                self._ask()
            else:
                self._answer = self._connection.call("GET", f"{self._path}/{self._answer['id']}")
        progress(1.0)
        return self

    @property
    def artifact(self) -> Artifact:
        """The file; ``wait`` first."""
        return msgspec.convert(self.wait()._answer["artifact"], Artifact)

    def save(self, target: Path | str = ".", *, overwrite: bool = False) -> Path:
        """Download the file, once it is there; where it is.

        Args:
            target: a file, which gets the right suffix when it has none, or a folder: ``"mats/"``. Another
                file of the same name makes this one ``name (2)``; one with the same bytes is left as it is.
            overwrite: whether a file that is there may go.

        Raises:
            Rejected: its name says another format (code ``bad_suffix``).
        """
        return self._connection.download(self.artifact.url, target, overwrite=overwrite)
