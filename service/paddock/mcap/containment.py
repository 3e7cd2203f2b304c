"""What one message, value or signal does wrong costs only itself: which exceptions that goes for."""

from __future__ import annotations

_STOPS = (KeyboardInterrupt, SystemExit, GeneratorExit)
_LENGTH = 120


def contained(error: BaseException) -> str:
    """What went wrong, in a few words for a notice.

    Everything that code for one message can raise is contained, a lack of memory and the panics of Rust (which are
    no ``Exception``) too. What ends the program is not.

    Raises:
        BaseException: ``error``, when it ends the program.
    """
    if isinstance(error, _STOPS):
        raise error
    line = next(iter(str(error).splitlines()), "")
    name = type(error).__name__
    return f"{name}: {line[:_LENGTH]}" if line else name
