"""A recorder that is asked over HTTP, on this machine or another one of the car."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import msgspec

from paddock.basestation.car.recorders.recorder import Doing, RecorderState
from paddock.domain.words import printable
from paddock.errors import Unavailable

PATIENCE_S = 30
_ASK_S = 5
_MOST_BYTES = 64 * 1024
_WORDS = {
    "recording": Doing.RECORDING,
    "running": Doing.RECORDING,
    "active": Doing.RECORDING,
    "starting": Doing.STARTING,
    "stopping": Doing.STOPPING,
    "stopped": Doing.STOPPED,
    "idle": Doing.STOPPED,
    "inactive": Doing.STOPPED,
    "ready": Doing.STOPPED,
    "died": Doing.DIED,
    "failed": Doing.DIED,
    "error": Doing.DIED,
}
_DOING_KEYS = ("recording", "is_recording", "state", "status")
_FILE_KEYS = ("file", "path", "filename", "file_name")
_DETAIL_KEYS = ("detail", "error", "message")


class HttpRecorder:
    """Started and stopped by a POST, whose body has the metadata: ``{"metadata": {"driver": "Adam"}}``.

    Args:
        start_url: where it is started.
        stop_url: where it is stopped.
        status_url: a GET says what it does: ``{"recording": true, "file": "run_12.mcap"}``, or a ``state`` in a
            word. Empty where it cannot be asked: then it does what it was told last.
    """

    can_start = True

    def __init__(self, start_url: str, stop_url: str, status_url: str = "") -> None:
        self._start_url, self._stop_url, self._status_url = start_url, stop_url, status_url
        self._told: RecorderState = RecorderState(Doing.UNKNOWN)
        # A proxy of the environment is for the internet, not for the car's own network.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def start(self, metadata: Mapping[str, str]) -> None:
        """POST to where it is started, unless it records."""
        if self.state().doing is Doing.RECORDING:
            return
        said = self._ask(self._start_url, PATIENCE_S, {"metadata": dict(metadata)})
        self._told = RecorderState(Doing.RECORDING, file=_text(said, _FILE_KEYS))

    def stop(self) -> None:
        """POST to where it is stopped, unless it does not record."""
        if self.state().doing is Doing.STOPPED:
            return
        self._ask(self._stop_url, PATIENCE_S, {})
        self._told = RecorderState(Doing.STOPPED)

    def state(self) -> RecorderState:
        """What it says, or what it was told."""
        if not self._status_url:
            return self._told
        try:
            said = self._ask(self._status_url, _ASK_S, None)
        except Unavailable as error:
            return RecorderState(Doing.UNKNOWN, error.message)
        doing = _doing(said)
        if doing is None:
            return RecorderState(
                Doing.UNKNOWN,
                f"{self._status_url} does not say whether it records: it wants JSON like "
                '{"recording": true, "file": "run_12.mcap"}.',
            )
        died = doing is Doing.STOPPED and self._told.doing is Doing.RECORDING
        detail = _text(said, _DETAIL_KEYS) or ("The recorder has stopped by itself." if died else "")
        return RecorderState(Doing.DIED if died else doing, detail, _text(said, _FILE_KEYS))

    def _ask(self, url: str, seconds: float, body: object) -> Any:
        """What it answers, as JSON; None where that is none."""
        request = urllib.request.Request(url, headers={"Accept": "application/json"})
        if body is not None:
            request.method, request.data = "POST", msgspec.json.encode(body)
            request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=seconds) as answer:
                content = answer.read(_MOST_BYTES)
        except urllib.error.HTTPError as error:
            said = error.read(_MOST_BYTES)
            detail = _text(_json(said), _DETAIL_KEYS) or printable(said[:200].decode(errors="replace").strip())
            raise Unavailable(
                f"The recorder refuses ({error.code}){f': {detail}' if detail else ''}", code="recorder"
            ) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Unavailable(
                f"The recorder does not answer at {url}: {getattr(reason, 'strerror', None) or reason}.",
                code="recorder",
            ) from None
        return _json(content)


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(said: Any, keys: tuple[str, ...]) -> str | None:
    if not isinstance(said, dict):
        return None
    return next((said[key] for key in keys if isinstance(said.get(key), str) and said[key]), None)


def _doing(said: Any) -> Doing | None:
    if not isinstance(said, dict):
        return None
    for key in _DOING_KEYS:
        value = said.get(key)
        if isinstance(value, bool):
            return Doing.RECORDING if value else Doing.STOPPED
        if isinstance(value, str) and value.lower() in _WORDS:
            return _WORDS[value.lower()]
    return None
