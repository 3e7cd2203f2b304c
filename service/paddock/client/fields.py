"""What the client has of the team's metadata fields and of setup sheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from paddock.client.connection import Connection
from paddock.client.field import MetadataField
from paddock.client.recording import FoundRecording
from paddock.client.setup import SetupComparison, SetupField


class FieldCalls:
    """A part of ``Client``."""

    _connection: Connection

    def compare_setups(
        self, recordings: Sequence[FoundRecording | str], *, everything: bool = False
    ) -> SetupComparison:
        """What differs between the setups of two to ten runs, what their logs say themselves included.

        Args:
            recordings: the runs, or their ids.
            everything: also what is the same in all of them.
        """
        ids = [each if isinstance(each, str) else each.id for each in recordings]
        params = {"recordings": ",".join(ids), "only": not everything}
        return msgspec.convert(self._connection.call("GET", "/api/setups/compare", params=params), SetupComparison)

    def setup_fields(self) -> tuple[SetupField, ...]:
        """The fields of setup sheets in the order of the form."""
        return msgspec.convert(self._connection.call("GET", "/api/setup-fields")["items"], tuple[SetupField, ...])

    def add_setup_field(self, label: str, *, name: str = "", **said: Any) -> SetupField:
        """Give all setup sheets a further field.

        Args:
            label: what the site calls it: ``"Front damper"``.
            name: in programs; by default made from the label: ``front_damper``.
            said: ``unit``, ``kind`` (``"number"``, ``"text"`` or ``"choice"``), ``choices``, ``group``, ``column``.

        Raises:
            Rejected: it cannot be so.
            Conflict: there is a field of this name.
        """
        body = {"label": label, "name": name, **said}
        return msgspec.convert(self._connection.call("POST", "/api/setup-fields", json=body, tries=1), SetupField)

    def fields(self) -> tuple[MetadataField, ...]:
        """The metadata fields that recordings have, those that the team added last."""
        return msgspec.convert(self._connection.call("GET", "/api/fields")["items"], tuple[MetadataField, ...])

    def add_field(
        self, label: str, *, name: str = "", choices: Sequence[str] = (), column: bool = False
    ) -> MetadataField:
        """Give all recordings a further metadata field.

        Args:
            label: what the site calls it: ``"Tyre set"``.
            name: in searches, edits and MATLAB; by default made from the label: ``tyre_set``.
            choices: the only values that it may have; none for any text.
            column: whether it is a column of the list.

        Raises:
            Rejected: it cannot be called so, or there are too many.
            Conflict: there is a field of this name.
        """
        body = {"label": label, "name": name, "choices": list(choices), "column": column}
        return msgspec.convert(self._connection.call("POST", "/api/fields", json=body, tries=1), MetadataField)

    def change_field(
        self,
        name: str,
        *,
        label: str | None = None,
        choices: Sequence[str] | None = None,
        column: bool | None = None,
    ) -> MetadataField:
        """Change a field that the team added; what is not given stays, and so do values that recordings have.

        Raises:
            NotFound: the team has no such field of its own.
            Rejected: it cannot be called so.
        """
        known = next((field for field in self.fields() if field.name == name and field.own), None)
        body = {
            "label": label if label is not None else known.label if known else name,
            "choices": list(choices if choices is not None else known.choices if known else ()),
            "column": column if column is not None else known is not None and known.column,
        }
        path = f"/api/fields/{quote(name, safe='')}"
        return msgspec.convert(self._connection.call("PUT", path, json=body), MetadataField)

    def remove_field(self, name: str) -> None:
        """Take a field of the team out of forms and filters; what recordings say stays, and comes back with it.

        Raises:
            NotFound: the team has no such field of its own.
        """
        self._connection.call("DELETE", f"/api/fields/{quote(name, safe='')}")
