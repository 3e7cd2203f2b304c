"""Contents: what a conversion found inside a log, which the recording's own page shows and no list does."""

from __future__ import annotations

import msgspec

from paddock.domain.maths_channels import DerivedChannel
from paddock.domain.recording import Attachment, ChannelSummary, LossReport, Recording


class Contents(msgspec.Struct, frozen=True):
    """The channels of a log and what else is in it, as one conversion read it.

    Each conversion writes a document of its own, so that a reader who still has the recording as it was before
    finds the channels that belong to its columns.
    """

    id: str
    """See ``contents_id``."""
    recording: str
    build: str
    """The conversion; a recording's own ``build`` says which one is served."""
    channels: tuple[ChannelSummary, ...] = ()
    """Those that are listed: of a log with thousands not all are."""
    attachments: tuple[Attachment, ...] = ()
    """The files inside the log, in file order; those that are whole."""
    file_metadata: tuple[tuple[str, dict[str, str]], ...] = ()
    """The metadata records inside the file: (name, entries), in file order."""
    loss: LossReport | None = None
    """What could not be read and why; None while nothing was read."""
    derived: tuple[DerivedChannel, ...] = ()
    """What the team's maths channels became; those that could be computed are among ``channels`` too."""
    derived_state: str = ""
    """What tells whether these are the channels of today; empty before the first."""

    @property
    def own_channels(self) -> tuple[ChannelSummary, ...]:
        """Those of the log itself."""
        slugs = {each.slug for each in self.derived}
        return tuple(channel for channel in self.channels if channel.slug not in slugs)


def contents_id(recording: str, build: str) -> str:
    """The id of what a conversion found in a recording."""
    return f"{recording}:{build}"


class EarlierRecording(Recording, frozen=True):
    """A recording with its contents inside, as versions before 0.3.0 wrote it."""

    channels: tuple[ChannelSummary, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    file_metadata: tuple[tuple[str, dict[str, str]], ...] = ()
    loss: LossReport | None = None  # type: ignore[assignment]  # lists now have its sums alone


MOVED = ("channels", "attachments", "file_metadata")
"""The fields that a recording no longer has. Every document of an earlier version has the first one."""


def split(earlier: EarlierRecording) -> tuple[Recording, Contents | None]:
    """A recording of an earlier version in today's shape; without contents where its log was not read."""
    fields = {name: getattr(earlier, name) for name in Recording.__struct_fields__}
    light = Recording(**fields | {"loss": earlier.loss.sums if earlier.loss else None})
    found = Contents(
        contents_id(earlier.id, earlier.build),
        earlier.id,
        earlier.build,
        earlier.channels,
        earlier.attachments,
        earlier.file_metadata,
        earlier.loss,
    )
    read = earlier.build or earlier.channels or earlier.attachments or earlier.file_metadata or earlier.loss
    return light, found if read else None
