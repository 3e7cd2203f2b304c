"""Signal names: remember those of every conversion, complete what somebody types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from paddock.domain.recording import ChannelSummary, Signal
from paddock.domain.signal_names import SignalName, element_name, item_dtype, read_element
from paddock.ports.documents import MAX_PAGE, Between, Contains, OneOf, Sort, StartsWith
from paddock.usecases.catalogue.catalogue import load_catalogue
from paddock.usecases.context import Context

_BY_NAME = Sort("search")


async def remember_names(context: Context, signals: Sequence[Signal], channels: Iterable[ChannelSummary]) -> None:
    """Add the names that are new. Of a season's logs nearly none are, so this mostly only reads."""
    topics = {channel.slug: channel.topic for channel in channels}
    elements = Counter(signal.element_of for signal in signals)
    names = {
        signal.name: SignalName(
            signal.name,
            topics.get(signal.channel, ""),
            signal.dtype,
            search=signal.name.casefold(),
            elements=elements[signal.name],
        )
        for signal in signals
        # A list stands for its elements.
        if not signal.element_of
    }
    wanted = list(names)
    for start in range(0, len(wanted), MAX_PAGE):
        some = wanted[start : start + MAX_PAGE]
        known = await context.documents.signal_names.find([OneOf("id", tuple(some))], limit=MAX_PAGE)
        missing = set(some) - {found.id for found in known.items if found.elements >= names[found.id].elements}
        if missing:
            await context.documents.signal_names.put_many([names[name] for name in some if name in missing])


async def complete_name(context: Context, text: str, *, limit: int = 20) -> list[SignalName]:
    """Names that begin so, then those that hold every word, in any case, or whose label in the catalogue does.

    A list stands for its elements until its whole name, or a bracket behind a part of it, is there.
    """
    folded = text.casefold().strip()
    found = {name.id: name for name in await _elements_like(context, folded, limit)}
    beginning = await context.documents.signal_names.find(
        [StartsWith("search", folded)] if folded else [], sort=_BY_NAME, limit=limit
    )
    for name in beginning.items:
        found[name.id] = name
        if name.search == folded:
            found |= {element.id: element for element in _elements(name)}
    if folded and len(found) < limit:
        words = [Contains("search", word) for word in folded.split()]
        holding = await context.documents.signal_names.find(words, sort=_BY_NAME, limit=limit)
        found |= {name.id: name for name in holding.items}
    if folded and len(found) < limit:
        labelled = [name for name, label in (await labels_of(context)).items() if _holds(label, folded)]
        named = await context.documents.signal_names.find(
            [OneOf("search", tuple(labelled[:MAX_PAGE]))], limit=limit
        )
        found |= {name.id: name for name in named.items}
    return list(found.values())[:limit]


async def whole_name(context: Context, name: str) -> str:
    """The name with its topic, where that was left out and one signal alone is called so; else as it is."""
    names = context.documents.signal_names
    list_name, index = read_element(name) or (name, None)
    if await names.get(name) or await names.get(list_name):
        return name
    folded = f".{list_name.casefold()}"
    page = await names.find([Contains("search", folded)], limit=MAX_PAGE)
    ending = [known.id for known in page.items if known.search.endswith(folded)]
    if len(ending) != 1:
        return name
    return ending[0] if index is None else element_name(ending[0], index)


async def labels_of(context: Context) -> dict[str, str]:
    """What the team's catalogue calls its signals, by their names in lower case."""
    entries = (await load_catalogue(context)).entries
    return {name.casefold(): entry.label for entry in entries if entry.label for name in entry.names}


def _holds(label: str, folded: str) -> bool:
    return all(word in label.casefold() for word in folded.split())


async def _elements_like(context: Context, folded: str, limit: int) -> list[SignalName]:
    """Elements of lists, where somebody begins to write an index or has written one."""
    words, bracket, index = folded.removesuffix("]").rpartition("[")
    if not bracket or not (index.isdecimal() or not index):
        return []
    holding = [Contains("search", word) for word in words.split()]
    lists = await context.documents.signal_names.find(
        [*holding, Between("elements", 1)], sort=_BY_NAME, limit=limit
    )
    beginning = f"[{index}]" if folded.endswith("]") else f"[{index}"
    elements = (element for name in lists.items for element in _elements(name))
    return [element for element in elements if element.id[element.id.rindex("[") :].startswith(beginning)][:limit]


def _elements(name: SignalName) -> list[SignalName]:
    dtype = item_dtype(name.dtype)
    spelled = [element_name(name.id, index) for index in range(name.elements)]
    return [SignalName(each, name.topic, dtype, search=each.casefold()) for each in spelled]


async def all_topics(context: Context) -> list[str]:
    """Every topic that any recording had signals on, by name."""
    return sorted(str(topic) for topic, _ in await context.documents.signal_names.facet("topic", limit=MAX_PAGE))
