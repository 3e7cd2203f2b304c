"""What a collection is indexed by, written once for every side.

Every index has the id after what it sorts by, so that it gives pages in their final order, forwards or backwards.
Nearly every list asks for what is not deleted, hence ``deleted_at`` comes first: one index then filters and sorts.
Behind the id is what is looked at on the way, so that a search reads the index and not every document.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import NamedTuple

from paddock.domain.fields import CAR, EVENT, FIELDS
from paddock.domain.figures import FIGURES
from paddock.domain.setup_comparisons import HAS_SHEET


class Side(Flag):
    """Which sides have an index. They plan queries differently, so a few indexes help only one of them."""

    SQLITE = auto()
    MONGODB = auto()
    EVERY = SQLITE | MONGODB


class Index(NamedTuple):
    """One index and the question it answers."""

    fields: tuple[str, ...]
    serves: str
    side: Side = Side.EVERY
    elements: bool = False
    """Whether the first field is a list of texts, each of which is looked up."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields, and the id where it is not among them."""
        return self.fields if "id" in self.fields else (*self.fields, "id")


_METADATA = tuple((field.name, field.path) for field in FIELDS if field.is_short)


def field_index(name: str) -> Index:
    """What recordings of one value of a metadata field are found and counted by."""
    return Index(("deleted_at", f"metadata.{name}.value", "started_ns"), f"one {name}; facets")


LIST_INDEX = Index(
    (
        *("deleted_at", "started_ns", "id", "search", "health", "checks", "topic_set"),
        *(field for _, field in _METADATA),
        *(figure.field for figure in FIGURES),
        HAS_SHEET,
    ),
    "all that a search of recordings looks at and a facet counts, in the order of their list",
    Side.SQLITE,
)

RECORDING_INDEXES = (
    Index(("uploaded_at",), "everything, the newest upload first"),
    Index(("started_ns",), "everything by when the car recorded it"),
    Index(("status", "uploaded_at"), "what is not ready yet"),
    Index(("deleted_at",), "how many there are", Side.SQLITE),
    Index(("deleted_at", "uploaded_at", "id", "search", "started_ns"), "the list; words in names and metadata"),
    LIST_INDEX,
    Index(("deleted_at", "started_ns", "id", "search"), "the list by time; a span of time", Side.MONGODB),
    Index(("deleted_at", "status", "uploaded_at"), "the list of one status"),
    Index(("deleted_at", "health", "started_ns"), "one health; its facet"),
    Index(("deleted_at", HAS_SHEET, "started_ns"), "the car's run before that has a setup sheet", Side.MONGODB),
    Index(("deleted_at", "checks", "started_ns"), "what came of checklists; its facet"),
    Index(("topic_set",), "recordings of some sets of topics; what an older version read has none", Side.SQLITE),
    Index(
        ("topic_set", "deleted_at", "started_ns"),
        "recordings of some sets of topics; what an older version read has none",
        Side.MONGODB,
    ),
    Index(("old_build_until",), "columns that nobody has a link to any more"),
    Index(
        (CAR.path, EVENT.path, "id", "size_bytes"),
        "bytes by car and event; no document is read",
    ),
    *(field_index(name) for name, _ in _METADATA),
    *(Index(("deleted_at", figure.field), f"by {figure.name}; a span of it") for figure in FIGURES),
)
