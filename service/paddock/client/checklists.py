"""What a client asks of the team's checklists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from paddock.client.checks import Checklist
from paddock.client.connection import Connection
from paddock.domain.checklists import CheckText


class ChecklistCalls:
    """A part of ``Client``."""

    _connection: Connection

    def checklists(self) -> tuple[Checklist, ...]:
        """What every run has to meet, by name."""
        return msgspec.convert(self._connection.call("GET", "/api/checklists")["items"], tuple[Checklist, ...])

    def add_checklist(
        self, name: str, rules: Sequence[Mapping[str, Any] | CheckText], *, cars: Sequence[str] = ()
    ) -> Checklist:
        """Add a checklist: from now on every log of its cars that comes in is checked.

        Args:
            rules: like ``{"kind": "limits", "subject": "BatteryPack.min_cell_v", "low": 2.8, "all_but_s": 0.5}``.
            cars: only for these; none for all.

        Raises:
            Rejected: a rule cannot be; the message says which.
        """
        body = {"name": name, "rules": msgspec.to_builtins(list(rules)), "cars": list(cars)}
        return msgspec.convert(self._connection.call("POST", "/api/checklists", json=body, tries=1), Checklist)

    def remove_checklist(self, checklist_id: str) -> None:
        """Remove a checklist, and what it found.

        Raises:
            NotFound: there is none.
        """
        self._connection.call("DELETE", f"/api/checklists/{quote(checklist_id, safe='')}")

    def check_all(self) -> None:
        """Have every recording checked, in the background; also those of before there were checklists."""
        self._connection.call("POST", "/api/checklists/run")
