"""Outdated: what of a recording older code made, and by which number that is known."""

from __future__ import annotations

from collections.abc import Sequence

from paddock import COLUMNS
from paddock.domain.export import DEFAULT_EXPORT, VIEWER_COPY
from paddock.domain.recording import Artifact, Purpose, Recording
from paddock.usecases.take_away.artifacts import made_by

_MADE_FOR_EVERYBODY = {
    Purpose.DEFAULT: ("MATLAB file", DEFAULT_EXPORT),
    Purpose.VIEWER: ("copy for viewers", VIEWER_COPY),
}


def outdated(recording: Recording, made: Sequence[Artifact]) -> tuple[str, ...]:
    """Sentences about what another conversion would replace; none where all was made by this code.

    Args:
        made: what is there for everybody, see ``artifacts_of``. What people had made is not looked at: an export of
            an older number is made anew when somebody asks for it.
    """
    if not recording.build:
        return ()
    if recording.converter != str(COLUMNS):
        # Everything else was made from them.
        return (_sentence("columns are", recording.converter, str(COLUMNS)),)
    sentences = []
    for artifact in made:
        what, request = _MADE_FOR_EVERYBODY[artifact.purpose]
        if artifact.converter != made_by(request):
            sentences.append(_sentence(f"{what} is", artifact.converter, made_by(request)))
    return tuple(sentences)


def _sentence(what: str, old: str, new: str) -> str:
    return f"The {what} from converter {old or 'unknown'}; this is {new}."
