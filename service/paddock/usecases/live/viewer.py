"""Somebody who watches: a snapshot, then what changed, in as few points as are drawn.

A viewer holds no queue. It knows the sequence up to which it was told, and what it is told next is made of the
tapes when it can take it: whoever is slow gets less, costs no memory, and holds up nobody. Viewers who watch the
same in step are told the same bytes, which are made once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.usecases.live.live import LiveDevice
from paddock.usecases.live.parts import Described, Part, Parts, Watched

_DAY_NS = 86_400 * NS_PER_S

Noted = Callable[[LiveDevice], Sequence[str]]
"""What people are told of a device, in sentences: that not all of it is shown, say."""


def _no_notes(device: LiveDevice) -> Sequence[str]:
    return ()


class Viewer:
    """One who watches.

    Args:
        parts: shared by all.
        watched: what is seen.
        describe: says what a signal is, when it is first told of.
        now_ns: nanoseconds since the Unix epoch.
        after: what was told already on a connection that was lost: the last sequence; None for a first one.
        notes_of: says what there is to say of a device.
    """

    def __init__(
        self,
        parts: Parts,
        watched: tuple[Watched, ...],
        describe: Described,
        now_ns: Callable[[], int],
        after: int | None = None,
        notes_of: Noted = _no_notes,
    ) -> None:
        self._parts, self._live = parts, parts.live
        self._view = parts.view(watched)
        self._describe = describe
        self._notes_of = notes_of
        self._notes: dict[str, Sequence[str]] = {}
        """By device, what was told last."""
        self._now_ns = now_ns
        # The same for all of a day, so that they share what is made.
        self._origin_ns = now_ns() // _DAY_NS * _DAY_NS
        self._known: set[tuple[int, int]] = set()
        self._described: frozenset[tuple[int, int]] = frozenset()
        """Those of the last message, all of which are known."""
        self._after = after
        self._is_new = True
        self.number = 0
        """The number of the last message."""
        self.left_out = 0
        """How many samples were left out because this viewer was slow, all in all."""

    def watch(self, watched: tuple[Watched, ...], after: int | None = None) -> None:
        """See something else from now on: the next message is a snapshot of it, or what came after a sequence."""
        self._view = self._parts.view(watched)
        self._after, self._is_new = after, True
        self._known.clear()
        self._described = frozenset()
        self._notes = {}

    def message(self, until: int, *, late: bool = False) -> bytes | None:
        """What is told next; None where nothing came.

        Args:
            until: up to which sequence; the same for all who are in step.
            late: what was told before had to wait, so this makes up for messages that were left out.
        """
        part, left_out = None, 0
        after = self._after
        if after is not None and after > self._live.sequence and self._live.catches_up:
            return None  # the site was started a moment ago: what this viewer has is more than there is yet
        if after is not None and self._live.since <= after <= self._live.sequence:
            until = max(until, after)
            part = self._parts.between(self._view, after, until, self._origin_ns, few=late)
            if part.forgotten > after:
                part = None  # away for so long that some of what came is not known any more
            elif late:
                left_out = part.left_out
                self.left_out += left_out
        if reset := part is None:
            part, until = self._parts.snapshot(self._view, until, self._origin_ns)
        self._after = until
        if not (reset or self._is_new or part.signals):
            return None
        return self._told("snapshot" if reset or self._is_new else "changes", part, reset, left_out)

    def still_here(self) -> bytes:
        """What is told when nothing comes for a while: that the connection lives, and how late it is."""
        return self._told("changes", Part(b"[]", 0, ()), False, 0)

    def _told(self, kind: str, part: Part, reset: bool, left_out: int) -> bytes:
        self.number += 1
        said: dict[str, Any] = {
            "type": kind,
            "number": self.number,
            "sequence": self._after,
            "at_s": round((self._now_ns() - self._origin_ns) / NS_PER_S, 3),
        }
        if self._is_new:
            said |= {"origin_at": to_rfc3339(self._origin_ns), "reset": reset}
        elif reset:
            said |= {"reset": True}
        if part.described is not self._described:
            if not part.described <= self._known:
                said["signals"] = self._parts.described(part, self._known, self._describe)
                self._known |= part.described
            self._described = part.described
        if (notes := self._noted()) != self._notes:
            said["notes"] = self._notes = notes
        if left_out:
            said |= {"left_out": left_out, "left_out_total": self.left_out}
        said["samples"] = msgspec.Raw(part.samples)
        self._is_new = False
        return msgspec.json.encode(said)

    def _noted(self) -> dict[str, Sequence[str]]:
        devices = [self._live.device(name) for name in self._view.devices]
        return {each.id: notes for each in devices if each is not None and (notes := self._notes_of(each))}
