"""Tell people that a log that came in failed a checklist."""

from __future__ import annotations

from paddock.domain.check_results import CheckedList, Outcome
from paddock.domain.names import download_name
from paddock.domain.notices import TOO_OLD_NS, Event, Topic
from paddock.domain.recording import Recording
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.context import Context
from paddock.usecases.notices.outbox import put_out


async def tell_failed_checks(context: Context, recording: Recording, result: CheckedList) -> None:
    """Tell it once for each log and checklist, and only of logs that came in lately.

    A whole season that is checked again, after a checklist was changed, is no news.
    """
    if context.now() - recording.uploaded_at > TOO_OLD_NS:
        return
    failed = [rule for rule in result.rules if rule.outcome is Outcome.FAILED]
    first = f"{failed[0].name or failed[0].words}: {failed[0].said}"
    more = f" And {len(failed) - 1} more." if len(failed) > 1 else ""
    event = Event(
        id=f"checks/{recording.id}/{result.checklist}",
        topic=Topic.CHECKLIST_FAILED,
        title="Checklist failed",
        text=f"{download_name(recording, '')} failed {result.name}. {first}{more}",
        at=context.now(),
        path=f"/recordings/{recording.id[:16]}#checks",
        car=car_of(recording),
        recording=recording.id,
    )
    await put_out(context, event)
