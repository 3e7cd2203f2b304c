"""Every setting there is, read once from ``PADDOCK_*``. No other module reads the environment.

A setting ``port`` is the variable ``PADDOCK_PORT``; a secret may also come from the file, or the S3 object, that
``PADDOCK_SECRET_FILE`` names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.errors import Rejected


def default_data_directory(environment: Mapping[str, str]) -> Path:
    """``paddock`` in the user's data home (XDG)."""
    home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "paddock"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this Paddock runs. Defaults are those of a laptop: one directory, loopback only."""

    data: Annotated[Path, "Directory that holds everything of an embedded Paddock."]
    host: Annotated[str, "Address the web service listens on."] = "127.0.0.1"
    port: Annotated[int, "Port the web service listens on."] = 8080
    public_url: Annotated[
        str, "Where browsers reach the service, when that is not http://HOST:PORT (a proxy, a VPN name)."
    ] = ""
    peers_file: Annotated[
        Path | None, "File that says who has which VPN address or network; with it all others are refused."
    ] = None
    trusted_proxies: Annotated[
        str, "Comma-separated addresses whose X-Forwarded-For is believed; all others' is ignored."
    ] = ""
    secret: Annotated[str, "Key that signs links; made and kept in the data directory when not given."] = ""
    mongodb_url: Annotated[
        str, "MongoDB for the documents, with user and TLS; SQLite in the data directory without."
    ] = ""
    s3_bucket: Annotated[str, "Bucket for the objects; the data directory without."] = ""
    s3_endpoint: Annotated[str, "Where an S3-compatible store answers, such as Garage; AWS without."] = ""
    s3_public_endpoint: Annotated[str, "Where browsers reach that store, when that is another address."] = ""
    s3_path_style: Annotated[
        bool, "Bucket in the path instead of the host name, as most S3-compatible stores need."
    ] = False
    aws_region: Annotated[str, "Region of bucket and queues; what boto3 finds without."] = ""
    ingest_queue_url: Annotated[
        str, "SQS queue that wakes the ingest function; without, the worker does all work."
    ] = ""
    export_queue_url: Annotated[str, "SQS queue that wakes the export function."] = ""
    function_max_bytes: Annotated[int, "Logs larger than this are left by the functions to the host's worker."] = (
        1_000_000_000
    )
    function_head_start_s: Annotated[
        int, "How long the host's worker leaves a job to the functions, where there are queues, in seconds."
    ] = 300
    link_expires_s: Annotated[int, "How long a download link works, in seconds."] = 3600
    upload_expires_s: Annotated[int, "How long an unfinished upload is kept to be continued, in seconds."] = (
        7 * 86_400
    )
    export_expires_s: Annotated[int, "How long an export that nobody downloads is kept, in seconds."] = 30 * 86_400
    memory_bytes: Annotated[
        int | None,
        "How much memory one conversion may take, in bytes; by default a quarter of the machine's, at most 1 GiB.",
    ] = None
    log_format: Annotated[
        Literal["auto", "console", "json"],
        "Log lines for people (console) or programs (json); auto asks whether stderr is a terminal.",
    ] = "auto"

    @property
    def embedded(self) -> bool:
        """Whether the data directory holds all documents, so that nobody else can have a lease on a job."""
        return not self.mongodb_url

    @property
    def overdue_ns(self) -> int:
        """How long the worker leaves a job to others first."""
        return self.function_head_start_s * NS_PER_S if self.ingest_queue_url else 0

    @property
    def base_url(self) -> str:
        """The address that links begin with, without a final slash."""
        # Every address of the machine is none to open; whoever asks by another one gets links on that one.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


SECRETS = frozenset({"secret", "mongodb_url"})
"""Settings that may also come from a file."""


def help_texts() -> dict[str, str]:
    """What each setting is for, by its variable."""
    hints = get_type_hints(Settings, include_extras=True)
    return {variable(name): hints[name].__metadata__[0] for name in Settings.__struct_fields__}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"PADDOCK_{name.upper()}"


def read_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment; ``overrides`` that are not None win (the command line's options).

    Raises:
        Rejected: a variable has the wrong form, is unknown, or names a file that cannot be read.
    """
    environment = os.environ if environment is None else environment
    names = {variable(name): name for name in Settings.__struct_fields__}
    values: dict[str, object] = {"data": str(default_data_directory(environment))}
    for name, text in environment.items():
        if not name.startswith("PADDOCK_") or name.startswith("PADDOCK_TEST_") or not text:
            continue
        if name in names:
            values[names[name]] = text
        elif name.removesuffix("_FILE") in {variable(secret) for secret in SECRETS}:
            values[names[name.removesuffix("_FILE")]] = _read_secret(name, text)
        else:
            raise Rejected(f"{name} is no setting: see the table in README.", code="bad_setting")
    values.update({name: value for name, value in overrides.items() if value is not None})
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
    except msgspec.ValidationError as error:
        raise Rejected(f"A setting has the wrong form: {error}", code="bad_setting") from None


def _read_secret(name: str, place: str) -> str:
    """A secret from a file, or from an object like ``s3://bucket/key``, where a function has no files."""
    try:
        if place.startswith("s3://"):
            return _read_object(place).strip()
        return Path(place).read_text().strip()
    except OSError as error:
        raise Rejected(f"{name}: {error.strerror}: {place}", code="bad_setting") from None


def _read_object(place: str) -> str:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = place.removeprefix("s3://").partition("/")
    try:
        text: str = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    except (BotoCoreError, ClientError) as error:
        raise OSError(0, type(error).__name__) from error
    return text
