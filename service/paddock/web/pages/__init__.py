"""The pages people see: server-rendered, each showing one use case."""

from __future__ import annotations

from litestar import Router

from paddock.web.injected import refuse_unknown_parameters
from paddock.web.pages import bundles, deleted, jobs, members, recording_list, recordings, signals, storage, upload

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
