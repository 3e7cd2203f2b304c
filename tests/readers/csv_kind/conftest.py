"""The row of the second kind, and logs of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from paddock.domain.log_kinds import LOG_KINDS
from tests.readers.csv_kind.kind import ROW


@pytest.fixture(scope="module", autouse=True)
def csv_row() -> Iterator[None]:
    """This is all that the house is told of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LOG_KINDS, ROW.name, ROW)
        yield
