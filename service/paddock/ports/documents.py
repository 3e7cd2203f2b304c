"""Documents: recordings, signals, artifacts, history and so on, each its own collection.

Filters, sorts and pages are a closed list that every side answers alike. A field is a dotted path into the
document (``metadata.driver.value``) whose names are of letters, digits and ``_``; another one is a ``ValueError``.
A comparison meets values of its own kind only, numbers or text. There is no raw regular expression and no
full-text search. NaN and the infinities are stored as null; an integer beyond int64 is a ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

import msgspec

from paddock.domain.bundle import Bundle
from paddock.domain.catalogue import Catalogue
from paddock.domain.history import Change
from paddock.domain.job import Job
from paddock.domain.recording import Artifact, Recording, Signal
from paddock.domain.signal_names import SignalName
from paddock.domain.topic_set import TopicSet
from paddock.domain.upload import Upload

Scalar: TypeAlias = str | int | float | bool | None
Operator = Literal["<", "<=", ">", ">=", "="]
Statistic = Literal["count", "min", "max", "mean", "first", "last"]
MAX_PAGE = 500
MAX_GROUPS = 50_000


class Equals(msgspec.Struct, frozen=True):
    """The field is exactly this; ``None`` also matches a field that is not there."""

    field: str
    value: Scalar


class OneOf(msgspec.Struct, frozen=True):
    """The field is one of these."""

    field: str
    values: tuple[Scalar, ...]


class Between(msgspec.Struct, frozen=True):
    """``at_least <= field < below``; either end may be open. Null never matches."""

    field: str
    at_least: int | float | str | None = None
    below: int | float | str | None = None


class Exists(msgspec.Struct, frozen=True):
    """Whether the field is there and not null."""

    field: str
    exists: bool = True


class StartsWith(msgspec.Struct, frozen=True):
    """The text field begins with exactly this."""

    field: str
    prefix: str


class Contains(msgspec.Struct, frozen=True):
    """The text field holds this, both case-folded by the writer; no character is special."""

    field: str
    text: str


class HasElement(msgspec.Struct, frozen=True):
    """The list field has an element whose ``path`` is this: ``HasElement("channels", "topic", "VNData")``.

    An empty path compares the element itself.
    """

    field: str
    path: str
    value: Scalar


class HasSignal(msgspec.Struct, frozen=True):
    """The recording has a signal of this name whose statistic compares so. Only for recordings."""

    name: str
    statistic: Statistic
    operator: Operator
    value: float
    also: tuple[str, ...] = ()
    """Further names that the same signal has."""


Condition: TypeAlias = Equals | OneOf | Between | Exists | StartsWith | Contains | HasElement | HasSignal
Where: TypeAlias = Sequence[Condition]


class Sort(msgspec.Struct, frozen=True):
    """By one field, ties by id in the same direction. Nulls come last in either direction."""

    field: str = "id"
    descending: bool = False


BY_ID = Sort()

T = TypeVar("T", bound=msgspec.Struct)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some documents and the cursor that continues after them, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


class Group(msgspec.Struct, frozen=True, gc=False):
    """Documents that have the same values in some fields.

    There may be as many as documents, and none can be part of a cycle: Python's collector need not look at them.
    """

    values: tuple[Scalar, ...]
    count: int
    sum: int


class Collection(Protocol[T]):
    """Documents of one kind. Every method is atomic; a lost or full store raises ``Unavailable``."""

    async def get(self, document_id: str) -> T | None:
        """The document with this id."""
        ...

    async def insert(self, document: T) -> bool:
        """Add it; False, and nothing changed, when its id is taken."""
        ...

    async def put_many(self, documents: Sequence[T]) -> None:
        """Add or replace all of them."""
        ...

    async def change(self, document_id: str, changes: Mapping[str, object], where: Where = ()) -> T | None:
        """Set top-level fields (structs and lists as they are); the changed document.

        None, and nothing changed, when there is no such document or it does not match ``where``: this is the
        compare-and-set that guards versions and leases. A field the document does not have, or a value that
        could not be read back, is a ``ValueError``.
        """
        ...

    async def change_first(self, where: Where, sort: Sort, changes: Mapping[str, object]) -> T | None:
        """The same for the first document that matches; two callers never get the same one by chance."""
        ...

    async def find(
        self, where: Where = (), *, sort: Sort = BY_ID, limit: int = 50, after: str | None = None
    ) -> Page[T]:
        """A page of at most ``limit`` (brought into 1 to ``MAX_PAGE``) documents, continuing after a cursor.

        Raises:
            Rejected: the cursor was edited or belongs to another sort or collection (code ``bad_cursor``).
        """
        ...

    async def count(self, where: Where = ()) -> int:
        """How many match."""
        ...

    async def facet(self, field: str, where: Where = (), *, limit: int = 50) -> Sequence[tuple[Scalar, int]]:
        """The values of a scalar field with their counts, most frequent first, ties by value; nulls left out."""
        ...

    async def counts(self, by: Sequence[str], where: Where = ()) -> Sequence[tuple[tuple[Scalar, ...], int]]:
        """How many match for each combination of the scalar fields ``by``; null is a value here.

        The most frequent first, at most ``MAX_GROUPS``. Many facets are counted in one go by this.
        """
        ...

    async def sums(self, field: str, by: Sequence[str], where: Where = ()) -> Sequence[Group]:
        """Sums of an integer field, for each combination of the scalar fields ``by``; null is a value here.

        The largest sum first, at most ``MAX_GROUPS``. A document without the field adds 0.
        """
        ...

    async def delete(self, where: Where) -> int:
        """Remove what matches; how many that were. An empty ``where`` is refused with ``ValueError``."""
        ...


class Documents(Protocol):
    """All collections of one store."""

    recordings: Collection[Recording]
    signals: Collection[Signal]
    artifacts: Collection[Artifact]
    uploads: Collection[Upload]
    jobs: Collection[Job]
    catalogues: Collection[Catalogue]
    history: Collection[Change]
    signal_names: Collection[SignalName]
    topic_sets: Collection[TopicSet]
    bundles: Collection[Bundle]

    async def migrate(self) -> None:
        """Create what is missing: tables, indexes. Safe to run twice and by two at once."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
