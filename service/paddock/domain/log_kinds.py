"""The kinds of logs there are: one row each. What reads a kind is a folder in ``readers/``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LogKind:
    """What an original is."""

    name: str
    """In documents."""
    label: str
    """For people: a CSV log."""
    suffix: str
    """How the names of its files end, with the dot."""
    media_type: str
    begins: bytes | tuple[bytes, ...]
    """The first bytes of a whole one, or several such; empty where they may be any."""
    reader: str
    """The module whose ``READER`` reads it."""
    ends: bytes = b""
    """The last bytes of a whole one; empty where they may be any."""
    is_text: bool = False
    others_end_so: bool = False
    """Whether files that are no logs have this suffix too: a file is then not taken for one by its name."""
    holds_frames: bool = False
    """Whether it is a log of CAN frames, which databases of the team decode."""
    viewers_open: bool = False
    """Whether viewers on the web open it as it is; of others a copy is made for them."""


MCAP = LogKind(
    name="mcap",
    label="MCAP",
    suffix=".mcap",
    media_type="application/octet-stream",
    begins=b"\x89MCAP0\r\n",
    ends=b"\x89MCAP0\r\n",
    reader="paddock.readers.mcap.kind",
    viewers_open=True,
)
CANDUMP = LogKind(
    name="candump",
    label="candump",
    suffix=".log",
    media_type="text/plain",
    begins=b"",
    reader="paddock.readers.can.candump",
    holds_frames=True,
    is_text=True,
    others_end_so=True,
)
CAN_CSV = LogKind(
    name="can_csv",
    label="CAN CSV",
    suffix=".csv",
    media_type="text/csv",
    begins=b"",
    reader="paddock.readers.can.csv",
    holds_frames=True,
    is_text=True,
    others_end_so=True,
)
ASC = LogKind(
    name="asc",
    label="Vector ASC",
    suffix=".asc",
    media_type="text/plain",
    begins=b"",
    reader="paddock.readers.can.asc",
    holds_frames=True,
    is_text=True,
)
TRC = LogKind(
    name="trc",
    label="PEAK TRC",
    suffix=".trc",
    media_type="text/plain",
    begins=b"",
    reader="paddock.readers.can.trc",
    holds_frames=True,
    is_text=True,
)
BLF = LogKind(
    name="blf",
    label="Vector BLF",
    suffix=".blf",
    media_type="application/octet-stream",
    begins=b"LOGG",
    reader="paddock.readers.can.blf",
    holds_frames=True,
)
MF4 = LogKind(
    name="mf4",
    label="MF4",
    suffix=".mf4",
    media_type="application/octet-stream",
    begins=(b"MDF     4", b"UnFinMF 4"),
    reader="paddock.readers.can.mf4",
    holds_frames=True,
)
LOG_KINDS: dict[str, LogKind] = {kind.name: kind for kind in (MCAP, CANDUMP, CAN_CSV, ASC, TRC, BLF, MF4)}
"""By name."""
FIRST_KIND = MCAP.name
"""Documents that say no kind are older than kinds, or of bytes that nobody has looked at."""


def is_log_name(name: str) -> bool:
    """Whether a file is named like a log, as no other file is."""
    return name.lower().endswith(tuple(kind.suffix for kind in LOG_KINDS.values() if not kind.others_end_so))


def may_be_log_name(name: str) -> bool:
    """Whether a file is named like a log, as others may be too."""
    return name.lower().endswith(tuple(kind.suffix for kind in LOG_KINDS.values()))


def kind_named(name: str) -> LogKind | None:
    """The kind that a file's name says; None where it says none."""
    return next((kind for kind in LOG_KINDS.values() if name.lower().endswith(kind.suffix)), None)


def suffixes_in_words() -> str:
    """``.mcap, .log or .csv``."""
    return _one_of([kind.suffix for kind in LOG_KINDS.values()])


def labels_in_words() -> str:
    """``MCAP, candump or CAN CSV``."""
    return _one_of([kind.label for kind in LOG_KINDS.values()])


def _one_of(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
