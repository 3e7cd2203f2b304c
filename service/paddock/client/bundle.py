"""The same export of several recordings, on its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from paddock.client.connection import Connection
from paddock.client.files import Download
from paddock.client.job import WAIT_S, Failure, Patience
from paddock.domain.export import ExportRequest
from paddock.errors import Rejected


class PendingBundle:
    """Files that were asked for together: ``export_many(…).wait().save("folder/")``, or ``save_zip("all.zip")``.

    One that cannot be made does not stop the others: ``failures`` says why.
    """

    def __init__(self, connection: Connection, recording_ids: Sequence[str], request: ExportRequest) -> None:
        self._connection = connection
        self._body = {"ids": list(recording_ids), "export": msgspec.to_builtins(request)}
        self._answer: dict[str, Any] = self._ask()

    def _ask(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._connection.call("POST", "/api/bundles", json=self._body)
        return answer

    def wait(
        self, progress: Callable[[float], None] = lambda _: None, *, timeout_s: float = WAIT_S
    ) -> PendingBundle:
        """Itself, once every file is there or can never be.

        Args:
            progress: told how far all of them are, 0 to 1.
            timeout_s: how long to wait at most.

        Raises:
            Rejected: none of them can be made; the message says why.
            Unavailable: some are not there after ``timeout_s`` (code ``not_done``).
        """
        patience = Patience(timeout_s, "The export")
        while not self._answer["settled"]:
            progress(self._answer["progress"])
            patience.pause()
            self._answer = self._connection.call("GET", f"/api/bundles/{self._answer['id']}")
            if any(failure.code == "export_gone" for failure in self.failures.values()):
                # Metadata or catalogue changed while they were made, and with them the files' ids.
                self._answer = self._ask()
        progress(1.0)
        if not self.files:
            raise next(iter(self.failures.values())).rejection()
        return self

    @property
    def files(self) -> tuple[Download, ...]:
        """Those that are there."""
        return tuple(msgspec.convert(item["file"], Download) for item in self._answer["items"] if item["file"])

    @property
    def failures(self) -> dict[str, Failure]:
        """Why there is none, by the recording's id, for those that cannot be made."""
        return {
            item["recording"]: msgspec.convert(item["error"], Failure)
            for item in self._answer["items"]
            if item["error"]
        }

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """Sentences about topics that a file lacks although asked for, by the recording's id."""
        return {item["recording"]: tuple(item["left_out"]) for item in self._answer["items"] if item["left_out"]}

    def save(self, folder: Path | str = ".", *, overwrite: bool = False) -> list[Path]:
        """Download each file into a folder, which is made when it is missing; where they are.

        Args:
            folder: also without a slash at its end.
            overwrite: whether files that are there may go; otherwise one makes the new one ``name (2)``.

        Raises:
            Rejected: ``folder`` is a file (code ``not_a_folder``).
        """
        if Path(folder).is_file():
            raise Rejected(f"{folder} is a file: several files go into a folder.", code="not_a_folder")
        into = f"{folder}/"
        return [self._connection.download(file.url, into, overwrite=overwrite) for file in self.wait().files]

    def save_zip(self, target: Path | str = ".", *, overwrite: bool = False) -> Path:
        """Download all of them as one zip, to a file or into a folder; where it is.

        Raises:
            Rejected: its name is not that of a zip (code ``bad_suffix``).
        """
        return self._connection.download(self.wait()._answer["archive"]["url"], target, overwrite=overwrite)
