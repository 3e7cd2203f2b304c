"""What a bucket needs, set on an S3-compatible box. On AWS the same is in ``infra/``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from paddock.adapters.s3_errors import code_of, status_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef, LifecycleRuleTypeDef

ABANDONED_DAYS = 8
"""One more than an upload may be continued: the sweeper (``upload_expires_s``) comes first, this mops up."""
_RULE = "paddock-abandoned-uploads"
_PAGES, _VIEWERS = "paddock", "paddock-viewers"
_LACKING = frozenset({"NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "XNotImplemented"})


def prepare(client: S3Client, bucket: str, origins: Sequence[str], viewers: Sequence[str] = ()) -> Sequence[str]:
    """Let browsers reach the bucket, and have the store forget uploads that nobody finished.

    Setting it again changes nothing; rules of other names are kept.

    Args:
        origins: where pages come from: ``https://paddock.example``; with none, CORS is left alone.
        viewers: origins of other sites that may read a log through its link, and do nothing else.

    Returns:
        what the store does not know: any of ``cors``, ``lifecycle``. Without CORS browsers cannot send or read
        parts from another origin; without the lifecycle rule, parts left by a killed process stay.

    Raises:
        ClientError: there is no such bucket, or it is refused.
    """
    client.head_bucket(Bucket=bucket)
    settings: dict[str, Callable[[], None]] = {"lifecycle": lambda: _set_lifecycle(client, bucket)}
    if origins:
        settings["cors"] = lambda: _set_cors(client, bucket, origins, viewers)
    return [name for name, apply in settings.items() if not _known(apply)]


def _known(apply: Callable[[], None]) -> bool:
    try:
        apply()
    except ClientError as error:
        if code_of(error) in _LACKING or status_of(error) in (405, 501):
            return False
        raise
    return True


def _set_cors(client: S3Client, bucket: str, origins: Sequence[str], viewers: Sequence[str]) -> None:
    ours: list[CORSRuleTypeDef] = [_pages(origins)]
    if viewers:
        ours.append(_readers(viewers))
    try:
        known = client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if code_of(error) != "NoSuchCORSConfiguration":
            raise
        known = []
    others = [rule for rule in known if rule.get("ID") not in (_PAGES, _VIEWERS)]
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [*others, *ours]})


def _pages(origins: Sequence[str]) -> CORSRuleTypeDef:
    """Paddock's own pages send parts and read anything they have a link to."""
    return {
        "ID": _PAGES,
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "HEAD", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": [
            "ETag",
            "Content-Length",
            "Content-Range",
            "Accept-Ranges",
            "Content-Disposition",
            "Last-Modified",
        ],
        "MaxAgeSeconds": 3600,
    }


def _readers(viewers: Sequence[str]) -> CORSRuleTypeDef:
    """A viewer on the web reads ranges of a log, and learns how long it is and whether it is still the same."""
    return {
        "ID": _VIEWERS,
        "AllowedOrigins": list(viewers),
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedHeaders": ["Range"],
        "ExposeHeaders": ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        "MaxAgeSeconds": 3600,
    }


def _set_lifecycle(client: S3Client, bucket: str) -> None:
    rule: LifecycleRuleTypeDef = {
        "ID": _RULE,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABANDONED_DAYS},
    }
    try:
        rules = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except ClientError as error:
        if code_of(error) != "NoSuchLifecycleConfiguration":
            raise
        rules = []
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [*(known for known in rules if known.get("ID") != _RULE), rule]},
    )
