"""What pymongo raises, as our errors."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from paddock.errors import Rejected, Unavailable

# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
_REFUSED = {13, 18, 8000}
"""Unauthorized, AuthenticationFailed, and what Atlas says instead."""
_NO_ROOM = {14031}
_PASSING = {6, 7, 24, 46, 50, 64, 89, 91, 100, 112, 189, 202, 246, 251, 262, 317, 11000, 11600, 11602}
"""A host away, a lock or a time limit, a shutdown, a write conflict; 11000 is two upserts of one id at once."""
_PASSING_LABELS = ("RetryableWriteError", "TransientTransactionError", "UnknownTransactionCommitResult")


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn every pymongo exception into ``Unavailable``, or ``Rejected`` for a document over 16 MiB.

    The codes: ``database_lost`` and ``disk_full`` pass; ``database_refused`` (user or password) and
    ``database_error`` do not.
    """
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout, WTimeoutError) as error:
        raise _lost() from error
    except DocumentTooLarge as error:
        raise Rejected("This is more than one document of MongoDB may hold (16 MiB).", code="too_large") from error
    except OperationFailure as error:
        codes = _codes(error)
        if codes & _REFUSED:
            raise Unavailable(
                "MongoDB refuses the user, the password or what the user may do: mend the database's URL.",
                code="database_refused",
                permanent=True,
            ) from error
        if codes & _NO_ROOM:
            raise Unavailable("MongoDB's disk is full: free some room there.", code="disk_full") from error
        if codes & _PASSING or any(map(error.has_error_label, _PASSING_LABELS)):
            raise _lost() from error
        raise _broken(f"code {error.code}") from error
    except ConfigurationError as error:
        # Also a mongodb+srv name that does not resolve; the text may repeat the URL.
        raise _broken(type(error).__name__) from None
    except PyMongoError as error:
        raise _broken(type(error).__name__) from error


def _lost() -> Unavailable:
    return Unavailable("MongoDB does not answer: try again in a moment.", code="database_lost")


def _broken(what: str) -> Unavailable:
    return Unavailable(
        f"MongoDB cannot do this ({what}): check the database's URL and version.",
        code="database_error",
        permanent=True,
    )


def _codes(error: OperationFailure) -> set[int]:
    codes = {error.code} if error.code is not None else set()
    if isinstance(error, BulkWriteError):
        details = error.details
        codes |= {one["code"] for kind in ("writeErrors", "writeConcernErrors") for one in details.get(kind, ())}
    return codes
