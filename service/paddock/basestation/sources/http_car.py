"""The logs of ``paddock car``, which says what each is; ``basestation/car`` tells what is asked and answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from typing import Any
from urllib.parse import quote_from_bytes

import msgspec

from paddock.basestation.sources.http_requests import Requests
from paddock.basestation.sources.source import SeenFile
from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import is_log_name
from paddock.errors import PaddockError, Unavailable

_TELL_TIME_NS = 60 * NS_PER_S
_CLOCK_STEPPED_NS = NS_PER_S
_HASH_S = 300
"""In this time a slow board reads through its largest log."""


class _Disk(msgspec.Struct, frozen=True):
    free_bytes: int | None = None


class _Logs(msgspec.Struct):
    files: list[SeenFile]
    disk: _Disk = _Disk()
    now_ns: int | None = None
    """By the car's clock, when it made the list."""


class HttpCar:
    """A car's computer that runs it."""

    def __init__(self, requests: Requests, url: str) -> None:
        self._requests = requests
        self._url = url
        self._told_at_ns: int | None = None
        self._started_ns: int | None = None
        """What the car's clock said when ours, that never steps, began."""
        self._last: tuple[str, _Logs] | None = None
        """What it answered, and the ETag of that."""

    def url_of(self, name: str) -> str:
        """Where the bytes of a log are."""
        return f"{self._url}logs/{quote_from_bytes(os.fsencode(name))}"

    @staticmethod
    def etag_of(seen: SeenFile) -> str:
        """What the car calls a content."""
        return f'"{seen.size_bytes}-{seen.modified_ns}"'

    async def logs(self) -> _Logs | None:
        """Its list; None where another program answers.

        Raises:
            Unavailable: it cannot make one now.
        """
        headers = {"Accept-Encoding": "gzip", "Accept": "application/json"}
        if self._last is not None:
            headers["If-None-Match"] = self._last[0]
        began_ns = time.monotonic_ns()
        response, body = await self._requests.page(f"{self._url}logs", headers)
        round_trip_ns = time.monotonic_ns() - began_ns
        if response.status_code >= 500:
            # A car that cannot look now: taken for a file server without logs, it would count as safe.
            raise Unavailable(_said(body) or f"{self._url} answers {response.status_code}.", code="away")
        if response.status_code == 304 and self._last is not None:
            logs = self._last[1]
        else:
            parsed = await asyncio.to_thread(_parse, body) if response.status_code == 200 else None
            if parsed is None:
                return None
            logs = parsed
            self._look_at_clock(logs.now_ns, began_ns, round_trip_ns)
            etag = response.headers.get("etag")
            self._last = (etag, logs) if etag else None
        await self._tell_time(round_trip_ns)
        return logs

    def _look_at_clock(self, car_ns: int | None, began_ns: int, round_trip_ns: int) -> None:
        """A car that was started anew has to be told at once: it may be switched off soon."""
        if car_ns is None:
            return
        started_ns, before_ns = car_ns - began_ns, self._started_ns
        self._started_ns = started_ns
        if before_ns is not None and abs(started_ns - before_ns) > _CLOCK_STEPPED_NS + round_trip_ns:
            self._told_at_ns = None

    async def _tell_time(self, round_trip_ns: int) -> None:
        """Cars without a clock of their own begin in 1970."""
        now_ns = time.monotonic_ns()
        if self._told_at_ns is not None and now_ns - self._told_at_ns < _TELL_TIME_NS:
            return
        told = msgspec.json.encode({"now_ns": time.time_ns(), "round_trip_ns": round_trip_ns})
        with contextlib.suppress(PaddockError):
            await self._requests.page(
                f"{self._url}clock", {"Content-Type": "application/json"}, method="POST", content=told
            )
            self._told_at_ns = now_ns

    async def beginning_sha256(self, seen: SeenFile, size_bytes: int) -> str | None:
        """Worked out in the car."""
        response, body = await self._requests.page(
            f"{self.url_of(seen.name)}?beginning={size_bytes}", {"If-Match": self.etag_of(seen)}, patience_s=_HASH_S
        )
        if response.status_code != 200:
            raise self._requests.refused(response, seen.name)
        try:
            return str(json.loads(body)["sha256"])
        except (ValueError, KeyError, TypeError):
            return None

    async def remove(self, seen: SeenFile) -> None:
        """Take a log off it."""
        response, _ = await self._requests.page(
            self.url_of(seen.name), {"If-Match": self.etag_of(seen)}, method="DELETE"
        )
        if response.status_code >= 300:
            refused = self._requests.refused(response, seen.name)
            if isinstance(refused, Unavailable):
                message = f"{seen.name} cannot be removed: the car answers {response.status_code}."
                raise Unavailable(message, code="not_removed")
            raise refused


def _parse(body: bytes) -> _Logs | None:
    """The list of a car; None where it is something else."""
    try:
        # Not msgspec's own: bytes of names that are no UTF-8 are lone surrogates.
        answer: Any = json.loads(body)
        logs = msgspec.convert(answer, _Logs)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return None
    logs.files = [seen for seen in logs.files if seen.trouble is not None or _is_below(seen.name)]
    return logs


def _said(body: bytes) -> str:
    """The sentence of a problem (RFC 9457); empty where it is something else."""
    with contextlib.suppress(ValueError, RecursionError):
        answer: Any = json.loads(body)
        if isinstance(answer, dict) and isinstance(answer.get("detail"), str):
            return str(answer["detail"])[:500]
    return ""


def _is_below(name: str) -> bool:
    parts = name.split("/")
    return is_log_name(name) and "\0" not in name and not any(part in ("", ".", "..") for part in parts)
