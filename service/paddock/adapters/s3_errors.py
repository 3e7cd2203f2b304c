"""What S3, the network and botocore say, in the words of ``errors.py``.

::

    no such key, upload            NotFound     no_such_object, no_such_upload
    403                            Rejected     store_denied: policy or keys are wrong, and stay so
    no such bucket                 Rejected     no_such_bucket
    other 4xx                      Rejected     store_refused
    412, 409                       Unavailable  object_changed: somebody replaced it meanwhile
    full store                     Unavailable  disk_full
    no or expired credentials      Unavailable  no_credentials: roles answer late or rotate
    5xx, 429, timeouts, cut off    Unavailable
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable

_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "NotEnoughSpace", "XMinioStorageFull"})
_CHANGED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted"})
_ROTATED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
# Answered with a 4xx although the next try may do.
_PASSING = frozenset({"RequestTimeout", "RequestTimeTooSkewed", "SlowDown", "TooManyRequests", "BadDigest"})


def code_of(error: ClientError) -> str:
    """The store's word for an error: ``NoSuchKey``; for an answer without a body its HTTP status as text."""
    return error.response.get("Error", {}).get("Code", "")


def status_of(error: ClientError) -> int:
    """The HTTP status of an error."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)


def upload_is_gone(error: ClientError) -> bool:
    """Whether a multipart upload was completed, forgotten, or never was."""
    return status_of(error) == 404 and code_of(error) != "NoSuchBucket"


@contextlib.contextmanager
def store_errors(bucket: str, key: str = "") -> Iterator[None]:
    """Raise ``PaddockError`` only. The messages name the bucket and the store's code, never its texts.

    Args:
        bucket: for people who have to mend it.
        key: the object in question, if it is one.
    """
    try:
        yield
    except ClientError as error:
        raise _translated(bucket, key, error) from error
    except _NO_CREDENTIALS as error:
        raise no_credentials(bucket) from error
    except (BotoCoreError, ResponseParserError, KeyError, ValueError) as error:
        # The last two: a 200 without what every store says, from a proxy or portal on the way.
        raise Unavailable(
            f"The object store with bucket {bucket!r} does not answer ({type(error).__name__})."
        ) from error


def _translated(bucket: str, key: str, error: ClientError) -> PaddockError:
    code, status = code_of(error), status_of(error)
    if code == "NoSuchBucket" or (status == 404 and error.operation_name == "HeadBucket"):
        return Rejected(f"There is no bucket {bucket!r}: create it, or mend the setting.", code="no_such_bucket")
    if code == "NoSuchUpload":
        return no_such_upload()
    if code in _FULL or status == 507:
        return Unavailable(f"The object store with bucket {bucket!r} has no room left.", code="disk_full")
    if code in _ROTATED:
        return no_credentials(bucket)
    if code in _CHANGED or status in (409, 412):
        return Unavailable(f"{key[:200]!r} was replaced while it was in use.", code="object_changed")
    if code in _PASSING or status >= 500 or status == 429:
        return Unavailable(f"The object store with bucket {bucket!r} does not keep up ({code}).")
    if status == 404:
        return no_such_object(key)
    if status in (401, 403):
        return Rejected(
            f"The object store refuses {error.operation_name} in bucket {bucket!r} ({code}): check the access key "
            "or role, and the bucket's policy.",
            code="store_denied",
        )
    return Rejected(
        f"The object store with bucket {bucket!r} refuses {error.operation_name} ({code}).", code="store_refused"
    )


def no_such_object(key: str) -> NotFound:
    """The error of a key without an object."""
    return NotFound(f"There is no object {key[:200]!r} in the store.", code="no_such_object")


def no_such_upload() -> NotFound:
    """The error of a multipart upload that was completed, forgotten, or never was."""
    return NotFound("There is no such upload any more: announce the file again.", code="no_such_upload")


def parts_missing(count: int) -> Conflict:
    """The error of completing what has not arrived."""
    return Conflict(
        f"{count} parts of the upload have not arrived: announce it again, and send them.", code="parts_missing"
    )


def no_credentials(bucket: str) -> Unavailable:
    """The error of credentials that are not there yet, or not any more."""
    return Unavailable(
        f"There are no valid credentials for bucket {bucket!r}: give an access key, or the machine a role.",
        code="no_credentials",
    )
