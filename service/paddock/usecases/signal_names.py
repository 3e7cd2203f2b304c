"""Signal names: remember those of every conversion, complete what somebody types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from paddock.domain.recording import ChannelSummary, Signal
from paddock.domain.signal_names import SignalName
from paddock.ports.documents import MAX_PAGE, Contains, OneOf, Sort, StartsWith
from paddock.usecases.services import Services

_BY_NAME = Sort("search")


async def remember_names(services: Services, signals: Sequence[Signal], channels: Iterable[ChannelSummary]) -> None:
    """Add the names that are new. Of a season's logs nearly none are, so this mostly only reads."""
    topics = {channel.slug: channel.topic for channel in channels}
    names = {
        signal.name: SignalName(
            signal.name, topics.get(signal.channel, ""), signal.dtype, search=signal.name.casefold()
        )
        for signal in signals
    }
    wanted = list(names)
    for start in range(0, len(wanted), MAX_PAGE):
        some = wanted[start : start + MAX_PAGE]
        known = await services.documents.signal_names.find([OneOf("id", tuple(some))], limit=MAX_PAGE)
        missing = set(some) - {found.id for found in known.items}
        if missing:
            await services.documents.signal_names.put_many([names[name] for name in some if name in missing])


async def complete_name(services: Services, text: str, *, limit: int = 20) -> list[SignalName]:
    """Names that begin so, then those that hold every word, in any case."""
    folded = text.casefold().strip()
    beginning = await services.documents.signal_names.find(
        [StartsWith("search", folded)] if folded else [], sort=_BY_NAME, limit=limit
    )
    found = {name.id: name for name in beginning.items}
    if folded and len(found) < limit:
        words = [Contains("search", word) for word in folded.split()]
        holding = await services.documents.signal_names.find(words, sort=_BY_NAME, limit=limit)
        found |= {name.id: name for name in holding.items}
    return list(found.values())[:limit]


async def all_topics(services: Services) -> list[str]:
    """Every topic that any recording had signals on, by name."""
    return sorted(str(topic) for topic, _ in await services.documents.signal_names.facet("topic", limit=MAX_PAGE))
