"""What the service answered, as an object that knows whom to ask for more."""

from __future__ import annotations

from typing import Any, Self

import msgspec

from paddock.client.connection import Connection


class Answer(msgspec.Struct, kw_only=True, dict=True):
    """As it was when it was asked for."""

    def __post_init__(self) -> None:
        self._connection: Connection | None = None

    @classmethod
    def of(cls, connection: Connection, answer: Any) -> Self:
        """One from the service's JSON; fields of newer services are passed over."""
        made = msgspec.convert(answer, cls)
        made._connection = connection
        return made

    def _asked(self) -> Connection:
        assert self._connection is not None, "a client made it"
        return self._connection
