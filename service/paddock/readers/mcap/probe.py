"""Whether some bytes are the beginning of an MCAP log, or of the rest of one."""

from __future__ import annotations

from paddock.readers.mcap.plausible import Probes, find_record, looks_plausible
from paddock.readers.mcap.records import MAGIC

_UNKNOWN_SIZE = 1 << 50
"""The bytes are only the first of a file: a record may reach beyond them."""


def has_mcap_record(head: bytes) -> bool:
    """Whether ``head``, the first MiB of a file or all of it, holds an MCAP record.

    That is the magic and a plausible record after it or, where the start was cut off or overwritten, a plausible
    record followed by another one.
    """
    position = head.find(MAGIC)
    while position >= 0:
        after = position + len(MAGIC)
        if looks_plausible(head, after, _UNKNOWN_SIZE):
            return True
        position = head.find(MAGIC, after)
    return find_record(head, 0, len(head), len(head), probes=Probes()) is not None
