"""``/api/sync``: how two Paddocks come to say the same. ``paddock sync`` is its client."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from paddock.domain.questions import Agreement, Keep, Question
from paddock.domain.roles import Permission
from paddock.domain.sync import BroughtIn, RecordingState, SaidFile
from paddock.errors import Rejected
from paddock.ports.documents import MAX_PAGE
from paddock.usecases.edit.files import MAX_FILE_BYTES
from paddock.usecases.laps.venues import all_venues
from paddock.usecases.look.worksheets import all_worksheets
from paddock.usecases.maths.names import all_channels
from paddock.usecases.sync import agreements, questions
from paddock.usecases.sync.bring_in import bring_in, bring_in_file
from paddock.usecases.sync.states import MAX_STATES, Compared, compare, list_compared, states
from paddock.web.edit.files_api import body_of
from paddock.web.kernel.injected import (
    After,
    AnyRequest,
    TheContext,
    ThePrincipal,
    refuse_unknown_parameters,
)
from paddock.web.kernel.problems import responses
from paddock.web.laps.resources import VenueResource, venue_resource
from paddock.web.maths.api import MathsResource, maths_resource
from paddock.web.recordings.api import Prefix
from paddock.web.recordings.resources import RecordingId
from paddock.web.worksheets.api import WorksheetResource, worksheet_resource

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The histories of a hundred recordings at once."""
_Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


class ComparedResource(msgspec.Struct, frozen=True, kw_only=True):
    """A recording with what tells whether another Paddock says the same of it."""

    id: RecordingId
    digest: Annotated[str, Meta(description="Equal where people, files and names are.")]
    name: Annotated[str, Meta(description="The file name it arrived under first.")]
    size_bytes: Annotated[int, Meta(description="Size of the original.")]
    started_ns: Annotated[int | None, Meta(description="When the car began to record; null until that is known.")]
    deleted: Annotated[bool, Meta(description="Whether it is hidden.")]
    has_original: Annotated[bool, Meta(description="Whether its bytes can be had.")]


class ComparedPage(msgspec.Struct, frozen=True):
    """Some recordings, by id."""

    items: tuple[ComparedResource, ...]
    next: Annotated[str | None, Meta(description="Cursor of the next page; null at the end.")] = None


class ManyIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recordings to compare."""

    ids: Annotated[tuple[_Sha256, ...], Meta(max_length=MAX_PAGE, description="Whole ids.")]


class SomeIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recordings whose states are wanted."""

    ids: Annotated[tuple[_Sha256, ...], Meta(max_length=MAX_STATES, description="Whole ids.")]


class States(msgspec.Struct, frozen=True):
    """Those that are here."""

    items: tuple[RecordingState, ...]


class VersionResource(msgspec.Struct, frozen=True):
    """The recording as it is then."""

    id: RecordingId
    version: Annotated[int, Meta(description="To go on with.")]


class AskedResource(msgspec.Struct, frozen=True, kw_only=True):
    """A question beside what is said here."""

    question: Question
    name: Annotated[str, Meta(description="The recording's; empty for others.")] = ""
    ours: Annotated[str | None, Meta(description="What is said here; null for nothing.")] = None
    theirs: Annotated[str | None, Meta(description="What the other Paddock says; null for nothing.")] = None


class AskedList(msgspec.Struct, frozen=True):
    """What waits for people, and what they answered that the next sync carries out."""

    items: tuple[AskedResource, ...]
    answered: Annotated[tuple[Question, ...], Meta(description="To be carried out.")] = ()


class AllQuestions(msgspec.Struct, frozen=True):
    """All of them, as they are kept."""

    items: tuple[Question, ...]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose word is to hold."""

    keep: Annotated[Keep, Meta(description="Of this Paddock, or of the other one.", examples=["ours"])]


class Agreements(msgspec.Struct, frozen=True):
    """The last ones, the newest first."""

    items: tuple[Agreement, ...]


@get("/recordings", needs=Permission.READ, responses=responses(422), summary="All recordings, to be compared")
async def list_for_sync(
    context: TheContext,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="How many at most.")] = MAX_PAGE,
    after: After = None,
) -> ComparedPage:
    """By id, deleted ones too, each with a digest that is equal where another Paddock says the same of it."""
    page = await list_compared(context, limit=limit, after=after)
    return ComparedPage(tuple(map(_compared, page.items)), page.next)


@post("/compare", needs=Permission.SYNC, status_code=200, responses=responses(400, 422), summary="Compare some")
async def compare_some(context: TheContext, data: JSONBody[ManyIds]) -> ComparedPage:
    """Those of the recordings that are here."""
    return ComparedPage(tuple(map(_compared, await compare(context, data.ids))))


@post(
    "/states",
    needs=Permission.SYNC,
    status_code=200,
    responses=responses(400, 422),
    summary="All that is said of some recordings",
)
async def show_states(context: TheContext, data: JSONBody[SomeIds]) -> States:
    """With their whole history and the files beside them; those that are here."""
    return States(tuple(await states(context, data.ids)))


@post(
    "/recordings/{recording_id:str}",
    needs=Permission.SYNC,
    status_code=200,
    responses=responses(400, 404, 409, 413, 422),
    summary="Bring in what another Paddock says",
)
async def bring_in_recording(
    context: TheContext, principal: ThePrincipal, recording_id: Prefix, data: JSONBody[BroughtIn]
) -> VersionResource:
    """Values with who said them and the history behind them. A 409 `changed_meanwhile` says to compare again."""
    stored = await bring_in(context, principal, recording_id, data)
    return VersionResource(stored.id, stored.version)


@put(
    "/recordings/{recording_id:str}/files/{file_id:str}",
    needs=Permission.SYNC,
    status_code=204,
    request_max_body_size=MAX_FILE_BYTES,
    responses=responses(404, 409, 413, 422, 503),
    summary="Bring in a file beside a recording",
)
async def bring_in_recording_file(
    request: AnyRequest,
    context: TheContext,
    principal: ThePrincipal,
    recording_id: Prefix,
    file_id: Annotated[str, PathParameter(description="The file's id there.")],
    name: Annotated[str, QueryParameter(max_length=1_000, description="The file's name.")],
    size_bytes: Annotated[int, QueryParameter(ge=0, le=MAX_FILE_BYTES, description="Its size.")],
    added_at: Annotated[int, QueryParameter(ge=0, le=2**63 - 1, description="Nanoseconds since the Unix epoch.")],
    added_by: Annotated[str, QueryParameter(max_length=300, description="Who put it there.")] = "",
) -> None:
    """The body is the file's bytes. Under its id, so that sending it again is harmless."""
    said = {"id": file_id, "name": name, "size_bytes": size_bytes, "added_at": added_at, "added_by": added_by}
    try:
        file = msgspec.convert(said, SaidFile)
    except msgspec.ValidationError:
        raise Rejected("A file's id is 16 hexadecimal digits.", code="bad_id") from None
    await bring_in_file(context, principal, recording_id, file, body_of(request))


@get("/questions", needs=Permission.READ, summary="What people have to choose")
async def list_questions(context: TheContext) -> AskedList:
    """Where another Paddock says something else, and neither knew of the other's."""
    waiting = tuple(map(asked_resource, await questions.asked(context)))
    answered = tuple(each for each in await questions.questions(context) if each.answer is not None)
    return AskedList(waiting, answered)


@get("/questions/all", needs=Permission.READ, summary="All questions as they are kept")
async def list_all_questions(context: TheContext) -> AllQuestions:
    """Also of recordings that are deleted, for a sync to compare with what it finds."""
    return AllQuestions(tuple(await questions.questions(context)))


_QuestionId = Annotated[str, PathParameter(description="As in the list.")]


@put("/questions", needs=Permission.SYNC, status_code=204, responses=responses(400, 413, 422), summary="Ask")
async def ask_question(context: TheContext, data: JSONBody[Question]) -> None:
    """Put a question; with the same id it is put anew, and an answer to just this one stays."""
    await questions.ask(context, data)


@delete("/questions/{question_id:str}", needs=Permission.SYNC, summary="Withdraw a question")
async def withdraw_question(context: TheContext, question_id: _QuestionId) -> None:
    """Both Paddocks say the same now."""
    await questions.withdraw(context, question_id)


@post(
    "/questions/{question_id:str}/answer",
    needs=Permission.EDIT,
    status_code=204,
    responses=responses(400, 404, 409, 422),
    summary="Choose whose word holds",
)
async def answer_question(
    context: TheContext, principal: ThePrincipal, question_id: _QuestionId, data: JSONBody[Answer]
) -> None:
    """An answer about a recording holds here at once; the next sync brings it to the other Paddock."""
    await questions.answer(context, principal, question_id, data.keep)


class TeamThings(msgspec.Struct, frozen=True, kw_only=True):
    """What a team made once for all recordings."""

    maths: tuple[MathsResource, ...]
    venues: tuple[VenueResource, ...]
    worksheets: tuple[WorksheetResource, ...]


@get("/team", needs=Permission.READ, summary="Maths channels, venues and worksheets")
async def list_team_things(context: TheContext) -> TeamThings:
    """All of them at once; each is written by its own routes."""
    return TeamThings(
        maths=tuple(map(maths_resource, await all_channels(context))),
        venues=tuple(map(venue_resource, await all_venues(context))),
        worksheets=tuple(map(worksheet_resource, await all_worksheets(context))),
    )


@get("/agreements", needs=Permission.READ, summary="Catalogue and fields after the last syncs")
async def list_agreements(context: TheContext) -> Agreements:
    """What two Paddocks had alike; a merge begins from the last that both have."""
    return Agreements(tuple(await agreements.agreements(context)))


@put("/agreements", needs=Permission.SYNC, status_code=204, responses=responses(400, 413, 422), summary="Agree")
async def keep_agreement(context: TheContext, data: JSONBody[Agreement]) -> None:
    """Keep what two Paddocks have alike now."""
    await agreements.agree(context, data)


def asked_resource(asked: questions.Asked) -> AskedResource:
    """A question as JSON has it."""
    return AskedResource(
        question=asked.question,
        name="" if asked.recording is None else asked.recording.name,
        ours=asked.ours.value,
        theirs=asked.question.theirs.value,
    )


def _compared(compared: Compared) -> ComparedResource:
    recording = compared.recording
    return ComparedResource(
        id=recording.id,
        digest=compared.digest,
        name=recording.name,
        size_bytes=recording.size_bytes,
        started_ns=recording.started_ns,
        deleted=recording.deleted_at is not None,
        has_original=compared.has_original,
    )


ROUTER = Router(
    "/api/sync",
    route_handlers=[
        list_for_sync,
        compare_some,
        show_states,
        bring_in_recording,
        bring_in_recording_file,
        list_questions,
        list_all_questions,
        ask_question,
        withdraw_question,
        answer_question,
        list_team_things,
        list_agreements,
        keep_agreement,
    ],
    before_request=refuse_unknown_parameters,
    request_max_body_size=MAX_BODY_BYTES,
    tags=["sync"],
)
