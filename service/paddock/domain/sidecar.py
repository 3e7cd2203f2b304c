"""A sidecar: what the car or the base station knows of a log that is not inside it, as a small JSON file beside it.

::

    run_12.mcap
    run_12.mcap.json    {"metadata": {"driver": "Adam"}, "clock_offset_ns": 86400000000000, "recorded_by": "ecu"}

`paddock car` writes it, sources read it, ``paddock upload`` honours it, and an object that another program puts
under ``incoming/`` of a bucket may carry the same text as ``x-amz-meta-paddock``.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import is_log_name
from paddock.domain.words import isolated
from paddock.errors import Rejected

SUFFIX = ".json"
MAX_BYTES = 256 * 1024
"""Far more than all fields of a team take."""
MAX_CLOCK_OFFSET_NS = 100 * 366 * 86_400 * NS_PER_S
"""A hundred years: a clock without a battery begins in 1970."""
OBJECT_METADATA = "paddock"
"""Its name among an object's own metadata, where S3 puts ``x-amz-meta-`` before it."""
MAX_OBJECT_METADATA_BYTES = 1_900
"""S3 takes 2 KB of an object's metadata in all, names included."""

MAX_FIELDS, MAX_FIELD_NAME, MAX_VALUE = 100, 100, 20_000
MetadataTexts = Annotated[
    dict[Annotated[str, Meta(max_length=MAX_FIELD_NAME)], Annotated[str, Meta(max_length=MAX_VALUE)]],
    Meta(max_length=MAX_FIELDS),
]
"""Values by field. Far more than there are, and than one may have: what is wrong with one is said in its words."""
ClockOffset = Annotated[int, Meta(ge=-MAX_CLOCK_OFFSET_NS, le=MAX_CLOCK_OFFSET_NS)]


class Sidecar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of one log. Its names of metadata fields are checked where the team's fields are known."""

    metadata: MetadataTexts = {}
    clock_offset_ns: ClockOffset | None = None
    """To be added to the log's times, where the car's clock lied; None where nobody knows."""
    recorded_by: Annotated[str, Meta(max_length=200)] = ""
    """The computer, or the recorder, that wrote the log."""

    def to_bytes(self) -> bytes:
        """The text of the file."""
        return msgspec.json.encode(self) + b"\n"

    def to_object_metadata(self) -> str:
        """A sidecar for a header of a request: JSON, in base64 if it is not ASCII.

        The longest values stay out where it would be longer than a store takes.
        """
        kept = dict(self.metadata)
        while True:
            text = msgspec.json.encode(msgspec.structs.replace(self, metadata=kept))
            header = (text if text.isascii() else base64.b64encode(text)).decode()
            if len(header) <= MAX_OBJECT_METADATA_BYTES or not kept:
                return header
            del kept[max(kept, key=lambda name: len(kept[name].encode()))]


def sidecar_name(log_name: str) -> str:
    """The name, or path, of the sidecar of a log."""
    return log_name + SUFFIX


def is_sidecar_name(name: str) -> bool:
    """Whether a file is named like the sidecar of a log."""
    return name.endswith(SUFFIX) and is_log_name(name.removesuffix(SUFFIX))


def parse_sidecar(text: bytes | str, name: str) -> Sidecar:
    """Read a sidecar's JSON.

    Args:
        text: of the file.
        name: of the file, for the message.

    Raises:
        Rejected: it is none (code ``bad_sidecar``); the message says what is wrong.
    """
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise _bad(name, f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=Sidecar)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _bad(name, str(error)) from None
    except RecursionError:
        raise _bad(name, "it is nested too deeply") from None


def parse_object_metadata(header: str, name: str) -> Sidecar:
    """The sidecar that an object carries: JSON, or the base64 of it.

    Raises:
        Rejected: it is none (code ``bad_sidecar``).
    """
    if header.lstrip().startswith("{"):
        return parse_sidecar(header, name)
    try:
        return parse_sidecar(base64.b64decode(header, validate=True), name)
    except (binascii.Error, ValueError):
        raise _bad(name, "it is neither JSON nor base64 of it") from None


def read_sidecar(log: Path) -> Sidecar | None:
    """What lies beside a log on this machine; None where nothing does.

    Raises:
        Rejected: it is no sidecar, or cannot be read (code ``bad_sidecar``).
    """
    path = log.with_name(sidecar_name(log.name))
    try:
        # Whoever opens a named pipe waits for somebody who writes into it.
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return parse_sidecar(file.read(MAX_BYTES + 1), path.name)
    except OSError as error:
        raise _bad(path.name, error.strerror or "it cannot be read") from None


def _bad(name: str, why: str) -> Rejected:
    return Rejected(
        f"{isolated(name)} beside the log says nothing that can be used: {why}. It has the form "
        '{"metadata": {"driver": "Adam"}, "clock_offset_ns": 0, "recorded_by": ""}; mend or remove it.',
        code="bad_sidecar",
    )
