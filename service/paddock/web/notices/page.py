"""The page of notices: who is told what, and what became of it."""

from __future__ import annotations

from litestar import get

from paddock.domain.alerts import Severity
from paddock.domain.notices import DestinationKind, NoticeState, Topic
from paddock.domain.roles import Permission
from paddock.usecases.notices.destinations import all_destinations
from paddock.usecases.notices.outbox import find_notices
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import After, TheContext, ThePrincipal, TheSettings
from paddock.web.kernel.pages import pages
from paddock.web.notices.api import destination_resource, notice_resource

PAGE_SIZE = 30
TOPICS = {
    Topic.ALERTS: "alerts",
    Topic.LOG_READY: "a log is ready",
    Topic.INGEST_FAILED: "a log failed",
    Topic.CHECKLIST_FAILED: "a checklist failed",
    Topic.BACKUP_OLD: "no good backup",
}
KINDS = {
    DestinationKind.WEBHOOK: "Webhook (JSON)",
    DestinationKind.DISCORD: "Discord",
    DestinationKind.SLACK: "Slack",
    DestinationKind.EMAIL: "E-mail",
}
_UNFINISHED = (NoticeState.WAITING, NoticeState.SENDING)


@get("/notices", needs=Permission.MANAGE_NOTICES)
async def notices_page(
    context: TheContext, principal: ThePrincipal, settings: TheSettings, after: After = None
) -> Page:
    """``notices.js`` changes who is told over the API that programs use."""
    destinations = [destination_resource(each) for each in await all_destinations(context)]
    page = await find_notices(context, limit=PAGE_SIZE, after=after)
    return Page(
        "notices/notices.html",
        principal=principal,
        destinations=destinations,
        names={each.id: each.name for each in destinations},
        notices=[notice_resource(each) for each in page.items],
        kinds=KINDS,
        topics=TOPICS,
        severities=tuple(Severity),
        has_email=bool(settings.smtp_host and settings.smtp_from),
        unsettled=any(each.state in _UNFINISHED for each in page.items),
        next=page.next,
        after=after,
    )


ROUTER = pages(notices_page)
