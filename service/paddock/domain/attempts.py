"""How often somebody may try to sign in: enough for people who mistype, too little to guess a password.

Nobody is ever locked out for good. Each limit is a bucket of tries that fills again by itself. Who signed in from
somewhere before is, from there, not kept out by what others try elsewhere in their name.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from paddock.domain.words import counted
from paddock.errors import Rejected

MOST_KEPT = 20_000
"""Buckets in memory; of more the ones that were used longest ago are forgotten."""
_IPV6_SITE = 64


class Limit(NamedTuple):
    """So many tries at once, and then one more in so many seconds."""

    at_once: int
    every_s: float


PAIR = Limit(10, 60)
"""For one account from one address."""
ADDRESS = Limit(30, 10)
"""From one address, whatever account; behind a proxy or in one network there may be a whole team."""
ACCOUNT = Limit(60, 5)
"""For one account, from whatever addresses."""


class TooManyTries(Rejected):
    """Somebody has to wait before they try again."""

    code = "too_many_tries"

    def __init__(self, wait_s: float) -> None:
        self.retry_after_s = max(1, math.ceil(wait_s))
        super().__init__(
            f"That were many tries: wait {counted(self.retry_after_s, 'second')}, then try again. "
            "An admin can make a link that sets a new password."
        )


class _Bucket:
    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._left = float(limit.at_once)
        self._at = now

    def wait_s(self, now: float) -> float:
        """How long until there is a try; 0 where there is one."""
        self._left = min(self._limit.at_once, self._left + (now - self._at) / self._limit.every_s)
        self._at = now
        return 0.0 if self._left >= 1 else (1 - self._left) * self._limit.every_s

    def take(self) -> None:
        self._left -= 1

    def give_back(self) -> None:
        self._left += 1


class Attempts:
    """Tries to sign in, of one process.

    Args:
        now: seconds that only go forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, account: str, address: str) -> None:
        """Take one try, before the password is looked at.

        Args:
            account: the name or address that was typed, whether there is such an account or not.
            address: from where.

        Raises:
            TooManyTries: there is none left just now.
        """
        buckets, now = self._of(account, address), self._now()
        if wait_s := max(bucket.wait_s(now) for bucket in buckets):
            raise TooManyTries(wait_s)
        for bucket in buckets:
            bucket.take()

    def succeeded(self, account: str, address: str) -> None:
        """The password was right: the try does not count, nor do those before it from there."""
        account, site = account.casefold(), _site(address)
        for bucket in self._of(account, address):
            bucket.give_back()
        self._buckets.pop((account, site), None)
        self._known[account, site] = None
        self._known.move_to_end((account, site))
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)

    def _of(self, account: str, address: str) -> list[_Bucket]:
        account, site = account.casefold(), _site(address)
        found = [self._bucket((account, site), PAIR)]
        if (account, site) not in self._known:
            found += [self._bucket(("", site), ADDRESS), self._bucket((account, ""), ACCOUNT)]
        return found

    def _bucket(self, key: tuple[str, str], limit: Limit) -> _Bucket:
        if key not in self._buckets:
            self._buckets[key] = _Bucket(limit, self._now())
            while len(self._buckets) > MOST_KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        return self._buckets[key]


def _site(address: str) -> str:
    """An address of IPv4, or the network that somebody with one of IPv6 has all addresses of."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address or "nowhere"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_SITE), strict=False))
