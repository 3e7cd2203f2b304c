"""``/api/recordings/known``: which of many logs are here."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import post
from litestar.params import JSONBody
from msgspec import Meta

from paddock.domain.recording import Status
from paddock.domain.roles import Permission
from paddock.usecases.intake.known import MOST_HASHES, LogStanding, known_logs
from paddock.web.kernel.injected import TheContext
from paddock.web.kernel.problems import responses
from paddock.web.recordings.resources import ID_EXAMPLE, RecordingId


class AskedHashes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The logs that are asked about."""

    sha256: Annotated[
        tuple[Annotated[str, Meta(max_length=1_000)], ...],
        Meta(
            max_length=MOST_HASHES,
            description=f"The SHA-256 of each, 64 lower-case hexadecimal digits; at most {MOST_HASHES:,}.",
            examples=[[ID_EXAMPLE]],
        ),
    ]


class KnownResource(msgspec.Struct, frozen=True):
    """What is known of one hash."""

    sha256: Annotated[str, Meta(description="As it was asked.", examples=[ID_EXAMPLE])]
    standing: Annotated[
        LogStanding,
        Meta(
            description="`stored`: these bytes are here, proved by their hash, and a car may free its disk of "
            "them; `on_the_way`: they have arrived and are about to be proved; `unknown`: send them."
        ),
    ]
    recording: Annotated[RecordingId | None, Meta(description="The recording, where there is one.")] = None
    status: Annotated[Status | None, Meta(description="How far the recording is.")] = None


class KnownResources(msgspec.Struct, frozen=True):
    """What is known of each hash, in the order in which they were asked."""

    items: tuple[KnownResource, ...]


@post(
    "/known",
    needs=Permission.UPLOAD,
    status_code=200,
    responses=responses(400, 422, 503),
    summary="Which of many logs are here",
)
async def ask_known(context: TheContext, data: JSONBody[AskedHashes]) -> KnownResources:
    """Stored, on the way or unknown: one question for all, before sending and before removing."""
    found = await known_logs(context, data.sha256)
    return KnownResources(
        tuple(
            KnownResource(each.sha256, each.standing)
            if each.recording is None
            else KnownResource(each.sha256, each.standing, each.recording.id, each.recording.status)
            for each in found
        )
    )


HANDLERS = (ask_known,)
