"""Every error that Paddock raises on purpose.

::

    PaddockError
    ├── NotFound       there is no such recording, artifact, job, page
    ├── Rejected       the input is at fault; sending it again will not help
    ├── Conflict       somebody else changed the same thing first
    └── Unavailable    a disk, database or store does not answer or has no room; later it may

Adapters translate the errors of their libraries into these, so nothing above them sees ``sqlite3``,
``botocore`` or ``pymongo``. The web answers them as RFC 9457 problems, the command line as one line and an exit
code, a worker retries what is not ``permanent`` and records what is.
"""

from __future__ import annotations


class PaddockError(Exception):
    """An error with a stable ``code``, a sentence for people and whether trying again is useless.

    Args:
        message: one or two sentences in the user's words: what is wrong, and what to do.
        code: a stable snake_case word that programs may compare.
        permanent: whether the same request can only fail again; the class has a default.
    """

    code = "error"
    permanent = True

    def __init__(self, message: str, *, code: str | None = None, permanent: bool | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        if permanent is not None:
            self.permanent = permanent


class NotFound(PaddockError):
    """There is no such thing, or it was deleted."""

    code = "not_found"


class Rejected(PaddockError):
    """The input is at fault, and the message says how to mend it."""

    code = "rejected"


class Conflict(PaddockError):
    """Somebody changed the same thing first; read it again, then decide."""

    code = "conflict"


class Unavailable(PaddockError):
    """Something outside does not answer or has no room; the same request may succeed later."""

    code = "unavailable"
    permanent = False
