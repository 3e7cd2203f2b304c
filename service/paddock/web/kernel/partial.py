"""``fields=``: the same answer with only the fields that were asked for."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from litestar.params import QueryParameter

from paddock.errors import Rejected

Answer = TypeVar("Answer", bound=msgspec.Struct)
Partial = dict[str, Any]

Fields = Annotated[
    str,
    QueryParameter(max_length=1_000, description="Only these fields, joined by commas; in a list, of each item."),
]


def only(answer: Answer, fields: str, *, items: type[msgspec.Struct] | None = None) -> Answer | Partial:
    """The answer itself when no fields are named.

    Args:
        items: what the answer lists under ``items``: then the fields are those of each item.

    Raises:
        Rejected: there is no such field (code ``unknown_field``).
    """
    wanted = {name.strip() for name in fields.split(",") if name.strip()}
    if not wanted:
        return answer
    kind = items or type(answer)
    if unknown := wanted - set(kind.__struct_fields__):
        known = ", ".join(kind.__struct_fields__)
        raise Rejected(f"There is no field {min(unknown)[:40]!r} here; there are {known}.", code="unknown_field")
    if items is None:
        return _part(answer, wanted)
    found: tuple[msgspec.Struct, ...] = answer.items  # type: ignore[attr-defined]
    return {**msgspec.structs.asdict(answer), "items": [_part(item, wanted) for item in found]}


def _part(whole: msgspec.Struct, wanted: set[str]) -> Partial:
    return {name: getattr(whole, name) for name in whole.__struct_fields__ if name in wanted}
