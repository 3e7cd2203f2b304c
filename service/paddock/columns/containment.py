"""What one message, value or signal does wrong costs only itself: how that is done."""

from __future__ import annotations

from collections.abc import Callable

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


def each_alone(rows: int, attempt: Callable[[int, int], int], failed: Callable[[int, str], None]) -> None:
    """Do something to many rows at once, and where that fails to half of them, down to the rows that are at fault.

    Args:
        rows: how many there are.
        attempt: does it to the rows ``first`` to ``stop`` (not taken); answers how many of these it took, and is
            given the others again. When it raises, it has done nothing.
        failed: told the number of each row that fails alone, and why.

    Raises:
        OSError: of ``attempt``: a disk is full or gone, which is nothing about the rows.
    """
    waiting = [(0, rows)] if rows else []
    while waiting:
        first, stop = waiting.pop()
        try:
            reached = first + attempt(first, stop)
        except OSError:
            raise
        except BaseException as error:
            reason = contained(error)
            if stop - first == 1:
                failed(first, reason)
            else:
                middle = (first + stop) // 2
                waiting += [(middle, stop), (first, middle)]
        else:
            if reached < stop:
                waiting.append((reached, stop))
