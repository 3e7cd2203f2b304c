"""The team's maths channels: added, changed, renamed, removed, with what that breaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from paddock.domain.maths_channels import (
    MAX_CHANNELS,
    MathsChannel,
    MathsText,
    MathsVersion,
    channel_id,
    check_said,
    names_channel,
    renamed_in,
)
from paddock.domain.maths_cycles import check_no_cycle
from paddock.domain.principal import Principal
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.alerts.rules import all_rules
from paddock.usecases.catalogue.signal_names import all_topics
from paddock.usecases.context import Context
from paddock.usecases.maths.asking import ask_all_derived
from paddock.usecases.maths.names import all_channels
from paddock.usecases.maths.unit import unit_for
from paddock.usecases.people.audit import note_act, note_change

_SAID = ("name", "text", "unit", "car", "constants", "note", "in_mat")


class Uses(msgspec.Struct, frozen=True):
    """Who uses a channel."""

    channels: tuple[MathsChannel, ...]
    """Other channels whose texts name it."""
    rules: tuple[str, ...]
    """Names of the alert rules that look at it."""
    recordings: int
    """How many recordings have its columns."""


async def get_channel(context: Context, channel: str) -> MathsChannel:
    """One channel by its id, or the one for all cars by its name.

    Raises:
        NotFound: there is none (code ``no_such_channel``).
    """
    found = await context.documents.maths_channels.get(channel)
    found = found or await context.documents.maths_channels.get(channel_id(channel, ""))
    if found is None:
        raise NotFound(
            "There is no such maths channel: it may have been renamed or removed.", code="no_such_channel"
        )
    return found


async def versions_of(context: Context, channel: MathsChannel) -> tuple[MathsVersion, ...]:
    """What it was before, the last first."""
    page = await context.documents.maths_versions.find(
        [Equals("channel", channel.id)], sort=Sort("version", descending=True), limit=MAX_PAGE
    )
    return page.items


async def uses_of(context: Context, channel: MathsChannel) -> Uses:
    """Who names a channel, and how many recordings have it."""
    others = [each for each in await all_channels(context) if each.id != channel.id]
    named = (channel.name, channel.signal)
    return Uses(
        tuple(each for each in others if each.name != channel.name and names_channel(each.text, channel.name)),
        tuple(rule.name for rule in await all_rules(context) if rule.said.signal in named),
        await context.documents.signals.count([Equals("name", channel.signal)]),
    )


async def add_channel(
    context: Context, principal: Principal, said: MathsText, *, beside: Iterable[MathsText] | None = None
) -> MathsChannel:
    """Add a channel; it is computed of every recording in the background.

    Args:
        beside: the other channels, where these are about to change; None for those that there are.

    Raises:
        Fault: it would be made of itself.
        Rejected: it means nothing (code ``bad_maths``), a topic is called so (``name_taken``), or there are too
            many (``too_many_channels``).
        Conflict: there is one of this name for this car (code ``channel_exists``).
    """
    said = check_said(said)
    others = await all_channels(context)
    if len(others) >= MAX_CHANNELS:
        raise Rejected(
            f"There are {MAX_CHANNELS} maths channels already: remove one first.", code="too_many_channels"
        )
    check_no_cycle(said, [each.said for each in others] if beside is None else beside)
    await _check_name(context, said.name, others)
    added = await _made(context, principal, said, channel_id(said.name, said.car), 1, 1)
    if not await context.documents.maths_channels.insert(added):
        raise _exists(said)
    await _keep_version(context, added)
    await note_change(context, principal, "maths", None, added, fields=_SAID)
    await ask_all_derived(context, principal.name)
    return added


async def change_channel(
    context: Context,
    principal: Principal,
    channel: str,
    said: MathsText,
    *,
    edition: int | None = None,
    beside: Iterable[MathsText] | None = None,
) -> MathsChannel:
    """Change what a channel says. Another text, unit or constants are another version, computed in the background.

    Renamed, it is renamed in the texts of the channels that use it as well.

    Args:
        edition: of the channel that was looked at; None for whatever it says by now.
        beside: as for ``add_channel``.

    Raises:
        NotFound: there is none (code ``no_such_channel``).
        Rejected: as for ``add_channel``.
        Conflict: somebody changed it since that edition (code ``edited_meanwhile``), or as for ``add_channel``.
    """
    before = await get_channel(context, channel)
    said = check_said(msgspec.structs.replace(said, name=said.name or before.name))
    if edition is not None and edition != before.edition:
        raise _edited(before)
    if said == before.said:
        return before
    if beside is None:
        beside = [each.said for each in await all_channels(context) if each.id != before.id]
    check_no_cycle(said, beside, name_before=before.name)
    if said.name != before.name:
        await _check_name(context, said.name, await all_channels(context))
    computed = (said.text, said.constants, said.name, said.car) != (
        before.text,
        before.constants,
        before.name,
        before.car,
    )
    changed = await _made(
        context, principal, said, channel_id(said.name, said.car), before.version + computed, before.edition + 1
    )
    if changed.id == before.id:
        changes = {name: getattr(changed, name) for name in MathsChannel.__struct_fields__ if name != "id"}
        where = [Equals("edition", before.edition)]
        if await context.documents.maths_channels.change(before.id, changes, where) is None:
            raise _edited(before)
    else:
        await _move(context, before, changed)
    if computed:
        await _keep_version(context, changed)
    await note_change(context, principal, "maths", before, changed, fields=_SAID)
    if changed.name != before.name:
        await _rename_uses(context, principal, before.name, changed.name)
    await ask_all_derived(context, principal.name)
    return changed


async def remove_channel(context: Context, principal: Principal, channel: str) -> None:
    """Remove a channel, and in the background its columns from all recordings.

    Raises:
        NotFound: there is none (code ``no_such_channel``).
    """
    before = await get_channel(context, channel)
    await context.documents.maths_channels.delete([Equals("id", before.id)])
    await context.documents.maths_versions.delete([Equals("channel", before.id)])
    await _forget_name(context, before)
    await note_act(context, principal, "maths", before.id, before.name, "removed", before=before.text)
    await ask_all_derived(context, principal.name, removed=True)


async def replace_channels(context: Context, principal: Principal, said: Sequence[MathsText]) -> None:
    """All channels anew, as an imported file has them; those that are not in it are removed.

    Raises:
        Rejected: as for ``add_channel``.
    """
    wanted = {channel_id(each.name, each.car): each for each in map(check_said, said)}
    if len(wanted) < len(said):
        raise Rejected("A maths channel is there twice for the same car: keep one.", code="bad_maths")
    beside = {channel: [each for key, each in wanted.items() if key != channel] for channel in wanted}
    for channel, each in wanted.items():
        check_no_cycle(each, beside[channel])
    known = {each.id for each in await all_channels(context)}
    for channel in known - wanted.keys():
        await remove_channel(context, principal, channel)
    for channel, each in wanted.items():
        if channel in known:
            await change_channel(context, principal, channel, each, beside=beside[channel])
        else:
            await add_channel(context, principal, each, beside=beside[channel])


async def _made(
    context: Context, principal: Principal, said: MathsText, channel: str, version: int, edition: int
) -> MathsChannel:
    return MathsChannel(
        id=channel,
        name=said.name,
        text=said.text,
        unit=said.unit or await unit_for(context, said),
        is_unit_said=bool(said.unit),
        car=said.car,
        constants=said.constants,
        note=said.note,
        in_mat=said.in_mat,
        version=version,
        edition=edition,
        person=principal.name,
        changed_at=context.now(),
    )


async def _keep_version(context: Context, channel: MathsChannel) -> None:
    kept = MathsVersion(
        id=f"{channel.id}:{channel.version}",
        channel=channel.id,
        version=channel.version,
        name=channel.name,
        text=channel.text,
        unit=channel.unit,
        car=channel.car,
        constants=channel.constants,
        person=channel.person,
        changed_at=channel.changed_at,
    )
    await context.documents.maths_versions.put_many([kept])


async def _move(context: Context, before: MathsChannel, changed: MathsChannel) -> None:
    """Under another name or for another car it is another document, with the same versions."""
    if not await context.documents.maths_channels.insert(changed):
        raise _exists(changed.said)
    where = [Equals("id", before.id), Equals("edition", before.edition)]
    if not await context.documents.maths_channels.delete(where):
        await context.documents.maths_channels.delete([Equals("id", changed.id)])
        raise _edited(before)
    versions = await versions_of(context, before)
    await context.documents.maths_versions.put_many(
        [msgspec.structs.replace(each, id=f"{changed.id}:{each.version}", channel=changed.id) for each in versions]
    )
    await context.documents.maths_versions.delete([Equals("channel", before.id)])
    await _forget_name(context, before)


async def _rename_uses(context: Context, principal: Principal, name: str, new_name: str) -> None:
    for each in await all_channels(context):
        text = renamed_in(each.text, name, new_name)
        if text != each.text:
            said = msgspec.structs.replace(each.said, text=text)
            await change_channel(context, principal, each.id, said)


async def _forget_name(context: Context, channel: MathsChannel) -> None:
    """No longer completed, unless another car has a channel of this name."""
    if not await context.documents.maths_channels.count([Equals("name", channel.name)]):
        await context.documents.signal_names.delete([Equals("id", channel.signal)])


async def _check_name(context: Context, name: str, others: Iterable[MathsChannel]) -> None:
    """Refuse a name that means something else in recordings.

    Raises:
        Rejected: code ``name_taken``.
    """
    topics = set(await all_topics(context)) - {each.name for each in others}
    if name in topics:
        raise Rejected(f"Logs have a topic {name}: give the channel another name.", code="name_taken")


def _exists(said: MathsText) -> Conflict:
    whose = f"for {said.car}" if said.car else "for all cars"
    return Conflict(
        f"There is a maths channel {said.name} {whose} already: change that one.", code="channel_exists"
    )


def _edited(before: MathsChannel) -> Conflict:
    return Conflict(
        f"{before.person or 'Somebody'} changed this channel meanwhile: look at it again.", code="edited_meanwhile"
    )
