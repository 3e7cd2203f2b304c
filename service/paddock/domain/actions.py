"""An action: what somebody asks of a device, and how far that is.

::

    queued ──► sent ──► acknowledged ──► done
       │        │            └─────────► failed
       └────────┴──► expired

``sent`` says that it was handed to the device's connection, and no more; the device itself says that it has it and
what came of it. One that it answers late is done all the same: what the device says goes before the clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from paddock.domain.instants import NS_PER_S, to_rfc3339
from paddock.errors import Rejected

MAX_NAME, MAX_LABEL, MAX_RESULT = 80, 80, 500
MAX_PARAMS_BYTES = 8_192
MAX_WAITING = 100
"""Actions of one device that it has not answered."""
DEFAULT_EXPIRES_S = 300
MAX_EXPIRES_S = 7 * 86_400
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DANGEROUS = re.compile(
    r"erase|delete|format|reset|reboot|restart|shut.?down|power.?off|flash|firmware|update|stop", re.IGNORECASE
)


class ActionState(StrEnum):
    """How far an action is."""

    QUEUED = "queued"
    """It waits for the device to come."""
    SENT = "sent"
    """It was handed to the device's connection; whether it arrived is not known."""
    ACKNOWLEDGED = "acknowledged"
    """The device has it."""
    DONE = "done"
    EXPIRED = "expired"
    """The device did not say that it has it in time, and is not given it any more."""
    FAILED = "failed"
    """The device says that it could not."""


WAITING = (ActionState.QUEUED, ActionState.SENT)
"""What a device that comes back is given, again if need be."""
OVER = (ActionState.DONE, ActionState.FAILED)
_SAID = {
    ActionState.ACKNOWLEDGED: ("acknowledged", "ack", "accepted", "received", "running", "started"),
    ActionState.DONE: ("done", "ok", "success", "succeeded", "completed", "finished"),
    ActionState.FAILED: ("failed", "error", "rejected", "refused", "unknown"),
}
_ANSWER = {word: state for state, words in _SAID.items() for word in words}


class ActionKind(msgspec.Struct, frozen=True, kw_only=True):
    """What may be asked of a device, as a button on its page."""

    id: str
    """``<device>/<name>``."""
    device: str
    name: str
    """What the device knows it by."""
    label: str
    """On the button."""
    params: dict[str, Any] = {}
    dangerous: bool = False
    """Whoever presses it is asked once more."""
    expires_s: int = DEFAULT_EXPIRES_S
    added_at: int = 0
    added_by: str = ""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody asked of a device. Its id makes it harmless to ask, or to be given it, twice."""

    id: str
    device: str
    name: str
    params: dict[str, Any] = {}
    dangerous: bool = False
    state: ActionState = ActionState.QUEUED
    asked_at: int = 0
    asked_by: str = ""
    expires_at: int = 0
    sent_at: int | None = None
    """When it was handed over last."""
    times_sent: int = 0
    acknowledged_at: int | None = None
    ended_at: int | None = None
    """When it was done, failed or expired."""
    result: str = ""
    """What the device says of it."""
    version: int = 1


class Answer(msgspec.Struct, frozen=True):
    """What a device says of an action."""

    action: str
    state: ActionState
    result: str


def is_dangerous(name: str, kind: ActionKind | None) -> bool:
    """Whether it asks twice: as its button says, and where it has none by its name."""
    return kind.dangerous if kind is not None else _DANGEROUS.search(name) is not None


def checked_action(action: Action) -> Action:
    """The action as it is given, once it is found to be allowed.

    Raises:
        Rejected: no action can be so (code ``bad_action``).
    """
    if not _ID.fullmatch(action.id):
        raise Rejected("An action's id has at most 64 letters, digits, - and _.", code="bad_action")
    _check_name(action.name)
    _check_params(action.params)
    return action


def checked_kind(kind: ActionKind) -> ActionKind:
    """The button as it is given, once it is found to be allowed.

    Raises:
        Rejected: no button can be so (code ``bad_action``).
    """
    _check_name(kind.name)
    _check_params(kind.params)
    if not kind.label.strip() or len(kind.label) > MAX_LABEL or not kind.label.isprintable():
        raise Rejected(f"A button has a label of at most {MAX_LABEL} characters.", code="bad_action")
    check_expires(kind.expires_s)
    return kind


def check_expires(seconds: int) -> int:
    """How many seconds an action waits, as given, once that is found to be allowed.

    Raises:
        Rejected: no action waits so long (code ``bad_action``).
    """
    if not 1 <= seconds <= MAX_EXPIRES_S:
        raise Rejected(f"An action waits 1 to {MAX_EXPIRES_S:,} seconds for its device.", code="bad_action")
    return seconds


def message_of(action: Action) -> bytes:
    """What the device is given, as JSON."""
    return msgspec.json.encode(
        {
            "id": action.id,
            "name": action.name,
            "params": action.params,
            "expires_at": to_rfc3339(action.expires_at // NS_PER_S * NS_PER_S),
        }
    )


def is_asked(payload: bytes) -> bool:
    """Whether a message is what a device is asked, as ``message_of`` writes it, and no answer.

    Both go over one topic, and a broker gives whoever listens there what it published itself.
    """
    try:
        said = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(said, dict) and {"id", "name", "expires_at"} <= said.keys() and "state" not in said


def answer_of(said: object) -> Answer:
    """What a device's message says.

    Raises:
        Rejected: it does not name an action and its state (code ``bad_answer``).
    """
    if not isinstance(said, Mapping):
        raise Rejected('An answer names the action: {"id": "…", "state": "done"}.', code="bad_answer")
    action, state = said.get("id") or said.get("action_id"), said.get("state") or said.get("status")
    if not isinstance(action, str) or not _ID.fullmatch(action):
        raise Rejected('An answer names the action: {"id": "…", "state": "done"}.', code="bad_answer")
    known = _ANSWER.get(state.casefold()) if isinstance(state, str) else None
    if known is None:
        raise Rejected("The state of an action is acknowledged, done or failed.", code="bad_answer")
    result = said.get("result", said.get("message", said.get("error", "")))
    text = result if isinstance(result, str) else msgspec.json.encode(result).decode()
    return Answer(action, known, "".join(each if each.isprintable() else " " for each in text)[:MAX_RESULT])


def sent(action: Action, at: int) -> Action:
    """The action after it was handed over; one that the device has, or that is over, stays as it is."""
    if action.state not in WAITING:
        return action
    return msgspec.structs.replace(
        action,
        state=ActionState.SENT,
        sent_at=at,
        times_sent=action.times_sent + 1,
        version=action.version + 1,
    )


def answered(action: Action, answer: Answer, at: int) -> Action:
    """The action after an answer; one that is over stays so, and nothing goes backwards."""
    if action.state in OVER or (
        answer.state is ActionState.ACKNOWLEDGED and action.state is ActionState.ACKNOWLEDGED
    ):
        return action
    over = answer.state in OVER
    return msgspec.structs.replace(
        action,
        state=answer.state,
        result=answer.result or action.result,
        acknowledged_at=at if action.acknowledged_at is None else action.acknowledged_at,
        ended_at=at if over else None,
        version=action.version + 1,
    )


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise Rejected(f"An action has a name of at most {MAX_NAME} characters.", code="bad_action")


def _check_params(params: Mapping[str, object]) -> None:
    if len(msgspec.json.encode(params)) > MAX_PARAMS_BYTES:
        raise Rejected(
            f"What an action says besides its name has at most {MAX_PARAMS_BYTES} bytes.", code="bad_action"
        )
