"""The pages people see: server-rendered, each showing one use case."""

from __future__ import annotations

from litestar import Router

from paddock.web.bundles import page as bundles
from paddock.web.catalogue import page as signals
from paddock.web.edit import deleted_page as deleted
from paddock.web.fields import page as fields
from paddock.web.find import page as recording_list
from paddock.web.jobs import page as jobs
from paddock.web.kernel.injected import refuse_unknown_parameters
from paddock.web.members import page as members
from paddock.web.recordings import page as recordings
from paddock.web.storage import page as storage
from paddock.web.upload import page as upload

ROUTER = Router(
    "/",
    route_handlers=[
        recording_list.recordings_page,
        deleted.deleted_page,
        deleted.restore_and_show,
        recordings.recording_page,
        recordings.reprocess_and_show,
        upload.upload_page,
        signals.signals_page,
        fields.fields_page,
        bundles.export_page,
        bundles.bundle_page,
        bundles.bundle_again,
        jobs.jobs_page,
        jobs.retry_and_return,
        jobs.retry_all_and_return,
        storage.storage_page,
        members.members_page,
        members.add_and_show,
        members.rotate_and_show,
        members.remove_and_return,
    ],
    before_request=refuse_unknown_parameters,
    include_in_schema=False,
)
