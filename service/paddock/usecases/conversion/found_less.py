"""A conversion that finds less in a log than the one before: nothing is replaced before a person says so."""

from __future__ import annotations

from collections.abc import Mapping

from paddock.columns.columns import LogSummary
from paddock.domain.job import Job
from paddock.domain.recording import Recording
from paddock.errors import PaddockError

FOUND_LESS = "found_less"
_ACCEPT = "accept"


def accepting(accept: bool) -> Mapping[str, str]:
    """The parameters of a conversion whose result is taken also when it is less."""
    return {_ACCEPT: "yes"} if accept else {}


def check_found(recording: Recording, summary: LogSummary, job: Job) -> None:
    """Compare with what the last conversion found.

    Raises:
        PaddockError: it is less, and nobody said that this is right (code ``found_less``).
    """
    before = recording.message_count or 0
    if not recording.build or _ACCEPT in job.params:
        return
    if summary.message_count < before:
        what = f"{summary.message_count:,} messages are found where there were {before:,}"
    elif recording.health == "intact" and summary.loss.health != "intact":
        what = "the log seems damaged, and was not"
    else:
        return
    raise PaddockError(
        f"Converted again, {what}: the files made before are kept, and the stored log has not changed. If this is "
        "right, accept it on the recording's page or with `paddock reprocess --accept`.",
        code=FOUND_LESS,
    )
