"""Two people changed the same fields of a recording at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paddock.errors import Conflict


class Difference(msgspec.Struct, frozen=True):
    """One field of which two people say different things at once."""

    field: str
    yours: str
    theirs: str
    by: str = ""
    """Who said it last."""


class EditConflict(Conflict):
    """Somebody changed the same fields meanwhile; nothing was changed by this edit."""

    code = "edited_meanwhile"

    def __init__(self, version: int, differences: Sequence[Difference]) -> None:
        super().__init__("Somebody changed this recording meanwhile: choose which values to keep.")
        self.version = version
        self.differences = tuple(differences)
