"""How many recordings have each topic, counted by set of topics: most logs of a car have the same ones."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from itertools import chain

from paddock.domain.recording import Recording
from paddock.domain.topic_set import TopicSet, topic_set_of
from paddock.ports.documents import MAX_PAGE, Documents, Equals, OneOf, Sort
from paddock.usecases.find.contents import contents_of

MAX_HELD = 2_000_000
"""Topics over all sets that are looked at for one count, and about what is kept in memory: 16 MB of references."""


class TopicSets:
    """The sets that were counted before. A set never changes, so what is kept here never gets old."""

    def __init__(self) -> None:
        self._topics: dict[str, tuple[str, ...]] = {}
        self._held = 0

    async def count_topics(self, documents: Documents, counts: Mapping[str, int]) -> tuple[Counter[str], bool]:
        """How many recordings have each topic, and whether that is all.

        It is not where recordings have millions of topics between them: then those of the commonest sets count.

        Args:
            documents: the store.
            counts: how many recordings have each set, the commonest first.
        """
        await self._read(documents, counts)
        alike: defaultdict[int, list[tuple[str, ...]]] = defaultdict(list)
        for topic_set, recordings in counts.items():
            if topics := self._topics.get(topic_set):
                alike[recordings].append(topics)
        found = Counter[str]()
        # A Counter adds up 800,000 topics of 10,000 sets in a third of the time that single additions take.
        for recordings, sets in alike.items():
            for topic, times in Counter(chain.from_iterable(sets)).items():
                found[topic] += recordings * times
        return found, counts.keys() <= self._topics.keys()

    async def having(self, documents: Documents, sets: Collection[str], topics: Collection[str]) -> set[str]:
        """Those of the sets that have all of these topics."""
        await self._read(documents, sets)
        return {each for each in sets if set(topics) <= set(self._topics.get(each, ()))}

    async def _read(self, documents: Documents, wanted: Collection[str]) -> None:
        if self._held > MAX_HELD:
            self._topics = {each: topics for each, topics in self._topics.items() if each in wanted}
            self._held = sum(map(len, self._topics.values()))
        missing = [each for each in wanted if each not in self._topics]
        for start in range(0, len(missing), MAX_PAGE):
            if self._held > MAX_HELD:
                return
            some = OneOf("id", tuple(missing[start : start + MAX_PAGE]))
            for topic_set in (await documents.topic_sets.find([some], limit=MAX_PAGE)).items:
                if topic_set.id not in self._topics:
                    # Every set spells its topics anew; interned, they are one text each.
                    self._topics[topic_set.id] = tuple(map(sys.intern, topic_set.topics))
                    self._held += len(topic_set.topics)


async def remember_topics(documents: Documents, topic_set: TopicSet) -> None:
    """Keep a set, before the first recording names it."""
    if await documents.topic_sets.get(topic_set.id) is None:
        await documents.topic_sets.insert(topic_set)


async def find_topic_sets(documents: Documents) -> None:
    """Give recordings that an older version read, or that nobody could read, their set of topics.

    Where all have one this is one look.
    """
    after = None
    while True:
        page = await documents.recordings.find(
            [Equals("topic_set", None)], sort=Sort("topic_set"), limit=100, after=after
        )
        for recording in page.items:
            await _find_topic_set(documents, recording)
        after = page.next
        if after is None:
            break


async def _find_topic_set(documents: Documents, recording: Recording) -> None:
    # What is on its way has no channels yet; its conversion will say. A conversion that is quicker wins.
    channels = (await contents_of(documents, recording)).own_channels
    if channels or recording.status.settled:
        topic_set = topic_set_of(channels)
        await remember_topics(documents, topic_set)
        await documents.recordings.change(recording.id, {"topic_set": topic_set.id}, [Equals("topic_set", None)])
