"""Every setting there is, read once from ``PADDOCK_*``. No other module reads the environment.

A setting ``port`` is the variable ``PADDOCK_PORT``; a secret may also come from the file, or the S3 object, that
``PADDOCK_SECRET_FILE`` names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from paddock.domain.instants import NS_PER_S
from paddock.domain.near_misses import near_misses
from paddock.errors import Rejected

_WEB_ADDRESS = msgspec.Meta(
    pattern=r"^https?://[^\s/]+(/\S*)?$", description="an address such as https://paddock.example.org"
)
_MONGODB_URL = msgspec.Meta(
    pattern=r"^mongodb(\+srv)?://([^/@\s]+@)?[^/@\s]+(/[^\s?/@]*)?(\?\S*)?(\s+-----BEGIN[\s\S]*)?$",
    description=(
        "a URL such as mongodb://user:password@host/database, with special characters in user and password "
        "percent-encoded"
    ),
)
_BUCKET = msgspec.Meta(
    pattern=r"^(arn:\S+|[A-Za-z0-9][A-Za-z0-9._-]+)$", description="the name of a bucket alone, such as team-logs"
)
_PORT = msgspec.Meta(ge=0, le=65_535, description="a whole number from 0 to 65535, such as 8080")
_SECONDS = msgspec.Meta(ge=1, description="a whole number of seconds, such as 3600")
_SECONDS_OR_NONE = msgspec.Meta(ge=0, description="a whole number of seconds, such as 300")
_DAYS = msgspec.Meta(ge=1, description="a whole number of days, such as 2")
_PLACE = msgspec.Meta(
    pattern=r"^(/|s3://[^/?\s]+)", description="a directory such as /srv/backups, or s3://bucket/prefix"
)
_KEEP = msgspec.Meta(
    pattern=r"^\s*\d{1,4}\s*,\s*\d{1,4}\s*,\s*\d{1,4}\s*$", description="three whole numbers such as 7,4,12"
)
_MQTT_ADDRESS = msgspec.Meta(
    pattern=r"^mqtts?://[^\s/@]+$", description="an address such as mqtts://mqtt.example.org:8883"
)
_BRIDGE = msgspec.Meta(
    pattern=r"^mqtts?://([^/@\s]+@)?[^/@\s]+/?$",
    description=(
        "a URL such as mqtts://user:password@host:8883, with special characters in user and password "
        "percent-encoded"
    ),
)
_BYTES = msgspec.Meta(ge=1, description="a whole number of bytes, such as 1000000000")


MQTT_PORT = 1883


def default_data_directory(environment: Mapping[str, str]) -> Path:
    """``paddock`` in the user's data home (XDG)."""
    home = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "paddock"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this Paddock runs. Defaults are those of a laptop: one directory, loopback only."""

    data: Annotated[Path, "Directory that holds everything of an embedded Paddock."]
    host: Annotated[str, "Address the web service listens on."] = "127.0.0.1"
    port: Annotated[int, "Port the web service listens on.", _PORT] = 8080
    public_url: Annotated[
        str,
        "Where browsers reach the service, when that is not http://HOST:PORT (a proxy, a VPN name).",
        _WEB_ADDRESS,
    ] = ""
    peers_file: Annotated[
        Path | None, "File that says who has which VPN address or network; with it all others are refused."
    ] = None
    trusted_proxies: Annotated[
        str, "Comma-separated addresses whose X-Forwarded-For is believed; all others' is ignored."
    ] = ""
    sign_in: Annotated[
        Literal["auto", "password"],
        "Who signs in: with password everybody; with auto nobody whom the peers file names, and without that file "
        "everybody as soon as there are users.",
    ] = "auto"
    member_role: Annotated[
        Literal["admin", "engineer", "viewer"], "What a member of the VPN may who is no user."
    ] = "admin"
    token: Annotated[
        str,
        "API token with which commands and base station speak to a Paddock, or ADDRESS=TOKEN for each of several.",
    ] = ""
    vpn_networks: Annotated[
        str, "Networks of the VPN, one of IPv4 and one of IPv6; the server has the first address of each."
    ] = "10.77.0.0/24, fd77:7061:6464::/64"
    vpn_endpoint: Annotated[str, "Host and port at which members' tunnels reach this server from outside."] = ""
    vpn_directory: Annotated[
        Path | None, "Directory of the VPN's server key and certificates; `vpn` in the data directory without."
    ] = None
    secret: Annotated[str, "Key that signs links; made and kept in the data directory when not given."] = ""
    mongodb_url: Annotated[
        str, "MongoDB for the documents, with user and TLS; SQLite in the data directory without.", _MONGODB_URL
    ] = ""
    s3_bucket: Annotated[str, "Bucket for the objects; the data directory without.", _BUCKET] = ""
    s3_endpoint: Annotated[
        str, "Where an S3-compatible store answers, such as Garage; AWS without.", _WEB_ADDRESS
    ] = ""
    s3_public_endpoint: Annotated[
        str, "Where browsers reach that store, when that is another address.", _WEB_ADDRESS
    ] = ""
    s3_path_style: Annotated[
        bool, "Bucket in the path instead of the host name, as most S3-compatible stores need."
    ] = False
    aws_region: Annotated[str, "Region of bucket and queues; what boto3 finds without."] = ""
    ingest_queue_url: Annotated[
        str, "SQS queue that wakes the ingest function; without, the worker does all work.", _WEB_ADDRESS
    ] = ""
    export_queue_url: Annotated[str, "SQS queue that wakes the export function.", _WEB_ADDRESS] = ""
    function_max_bytes: Annotated[
        int, "Logs larger than this are left by the functions to the host's worker.", _BYTES
    ] = 1_000_000_000
    function_head_start_s: Annotated[
        int,
        "How long the host's worker leaves a job to the functions, where there are queues, in seconds.",
        _SECONDS_OR_NONE,
    ] = 300
    link_expires_s: Annotated[int, "How long a download link works, in seconds.", _SECONDS] = 3600
    upload_expires_s: Annotated[
        int, "How long an unfinished upload is kept to be continued, in seconds.", _SECONDS
    ] = 7 * 86_400
    export_expires_s: Annotated[int, "How long an export that nobody downloads is kept, in seconds.", _SECONDS] = (
        30 * 86_400
    )
    memory_bytes: Annotated[
        Annotated[int, _BYTES] | None,
        "How much memory one conversion may take, in bytes; by default a quarter of the machine's, at most 1 GiB.",
        msgspec.Meta(description=_BYTES.description),
    ] = None
    backup_to: Annotated[str, "Directory or s3://bucket/prefix where backups go.", _PLACE] = ""
    backup_key: Annotated[str, "Key that signs backups; made and kept in the data directory when not given."] = ""
    backup_keep: Annotated[
        str,
        "How many backups stay: all of a day, then the last of so many days, weeks and months, like 7,4,12.",
        _KEEP,
    ] = "7,4,12"
    backup_max_age_days: Annotated[
        int, "The site warns when the last good backup is older, in days; only where there are backups.", _DAYS
    ] = 2
    device_key: Annotated[
        str, "Key that signs the tokens of devices; made and kept in the data directory when not given."
    ] = ""
    mqtt_port: Annotated[
        Annotated[int, _PORT] | None,
        "Port where devices send by MQTT; by default 1883, or the next free one; 0 for none.",
        msgspec.Meta(description=_PORT.description),
    ] = None
    mqtt_host: Annotated[str, "Address where devices send by MQTT; that of the web service without."] = ""
    mqtt_tls_port: Annotated[int, "Port where they do so with TLS, where there is a certificate.", _PORT] = 8883
    mqtt_tls_host: Annotated[str, "Address where they do so with TLS; PADDOCK_MQTT_HOST without."] = ""
    mqtt_certificate: Annotated[Path | None, "File with the certificate of MQTT with TLS, and its chain (PEM)."] = (
        None
    )
    mqtt_certificate_key: Annotated[Path | None, "File with the key of that certificate (PEM)."] = None
    mqtt_public_url: Annotated[
        str, "Where devices reach MQTT, when that is another address; pages show it.", _MQTT_ADDRESS
    ] = ""
    smtp_host: Annotated[str, "Server that takes e-mail for notices; none are sent by e-mail without."] = ""
    smtp_port: Annotated[int, "Port where it does.", _PORT] = 587
    smtp_encryption: Annotated[
        Literal["starttls", "tls", "none"], "How it is spoken to; none only in a network of your own."
    ] = "starttls"
    smtp_user: Annotated[str, "Who signs in there; nobody without."] = ""
    smtp_password: Annotated[str, "Their password."] = ""
    smtp_from: Annotated[str, "Address that e-mails are from, such as paddock@example.org."] = ""
    notices_private: Annotated[
        bool, "Send notices also to webhooks in private networks and on this machine, such as a chat of your own."
    ] = False
    mqtt_bridge_url: Annotated[
        str, "The team's own MQTT broker, where devices send and Paddock listens, with user and password.", _BRIDGE
    ] = ""
    mqtt_bridge_topics: Annotated[
        str, "Topics there, with {id} for the device's id, and {kind} for data, alerts or actions."
    ] = "devices/{id}/{kind}"
    can_udp_port: Annotated[
        int,
        "Port where a car's radio sends CAN frames by UDP, as Washington University Racing's does; 0 for none.",
        _PORT,
    ] = 0
    can_udp_device: Annotated[str, "Id of the device whose frames come there."] = ""
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
        return (self.public_url or self.local_url).rstrip("/")

    @property
    def mqtt_url(self) -> str:
        """Where devices send by MQTT; empty where they cannot."""
        if self.mqtt_public_url:
            return self.mqtt_public_url
        if self.mqtt_certificate is not None:
            return f"mqtts://{_reached_by(self.mqtt_tls_host or self.mqtt_host or self.host)}:{self.mqtt_tls_port}"
        if self.mqtt_port == 0:
            return ""
        return f"mqtt://{_reached_by(self.mqtt_host or self.host)}:{self.mqtt_port or MQTT_PORT}"

    @property
    def local_url(self) -> str:
        """Where this machine itself reaches the service."""
        return f"http://{_reached_by(self.host)}:{self.port}"


def _reached_by(host: str) -> str:
    # Every address of the machine is none to open; whoever asks by another one gets links on that one.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


SECRETS = frozenset(
    {"secret", "mongodb_url", "backup_key", "device_key", "mqtt_bridge_url", "token", "smtp_password"}
)
"""Settings that may also come from a file."""


def help_texts() -> dict[str, str]:
    """What each setting is for, by its variable."""
    hints = get_type_hints(Settings, include_extras=True)
    return {variable(name): hints[name].__metadata__[0] for name in Settings.__struct_fields__}


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"PADDOCK_{name.upper()}"


def token_for(url: str, environment: Mapping[str, str] | None = None) -> str:
    """The API token for a Paddock, as ``PADDOCK_TOKEN`` has it; empty for none.

    That is a token, or where there are several Paddocks ``https://paddock.team=TOKEN`` for each, spaces between.

    Args:
        url: of the Paddock.
        environment: variables and their texts, this process's by default.

    Raises:
        Rejected: the file that ``PADDOCK_TOKEN_FILE`` names cannot be read (code ``bad_setting``).
    """
    environment = os.environ if environment is None else environment
    said = environment.get("PADDOCK_TOKEN", "")
    if not said and (place := environment.get("PADDOCK_TOKEN_FILE", "")):
        said = _read_secret("PADDOCK_TOKEN_FILE", place)
    for each in said.split():
        address, _, token = each.rpartition("=")
        if not address or address.rstrip("/") == url.rstrip("/"):
            return token
    return ""


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """This process's environment for a program that it starts, with more in it."""
    return {**os.environ, **more}


def read_settings(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Settings from the environment; ``overrides`` that are not None win (the command line's options).

    Raises:
        Rejected: variables have the wrong form, are unknown, or name a file that cannot be read; all are named.
    """
    settings, mistakes = understand(environment, overrides=overrides)
    if mistakes:
        raise Rejected(" ".join(mistakes), code="bad_setting")
    return settings


def understand(
    environment: Mapping[str, str] | None = None,
    *,
    read_secrets: bool = True,
    overrides: Mapping[str, object] = MappingProxyType({}),
) -> tuple[Settings, list[str]]:
    """The settings as far as they are right, and a sentence for each mistake.

    Args:
        environment: variables and their texts, this process's by default; other programs' are passed over.
        read_secrets: False where the files that ``PADDOCK_SECRET_FILE`` and the like name are another machine's.
        overrides: win over the environment unless they are None.
    """
    environment = os.environ if environment is None else environment
    names = {variable(name): name for name in Settings.__struct_fields__}
    places = {f"{variable(name)}_FILE": name for name in SECRETS}
    values: dict[str, object] = {"data": str(default_data_directory(environment))}
    mistakes = []
    for name, text in environment.items():
        if not name.upper().startswith("PADDOCK_") or name.startswith("PADDOCK_TEST_") or not text:
            continue
        setting = names.get(name) or places.get(name)
        if setting is None:
            mistakes.append(_unknown(name, [*names, *places]))
            continue
        if name in places:
            if environment.get(variable(setting)):
                mistakes.append(f"{variable(setting)} and {name} say the same thing: keep one of the two.")
                continue
            if not read_secrets:
                continue
            try:
                text = _read_secret(name, text)
            except Rejected as error:
                mistakes.append(error.message)
                continue
        if mistake := _mistake(setting, text):
            mistakes.append(mistake)
        else:
            values[setting] = text
    values.update({name: value for name, value in overrides.items() if value is not None})
    return msgspec.convert(values, Settings, strict=False, dec_hook=_made), mistakes


def _mistake(name: str, text: str) -> str | None:
    """What is wrong with a setting's text, and what would be right. A secret is not repeated."""
    hint = get_type_hints(Settings, include_extras=True)[name]
    if any("\ud800" <= character <= "\udfff" for character in text):
        # What Python makes of bytes of the environment that are not UTF-8.
        return f"{variable(name)} is not UTF-8 text."
    try:
        msgspec.convert(text, hint, strict=False, dec_hook=_made)
    except msgspec.ValidationError:
        wrong = "" if name in SECRETS else f", not {text[:80]!r}"
        return f"{variable(name)} must be {_right(hint)}{wrong}."
    return None


def _made(kind: type, value: Any) -> Any:
    return kind(value)


def _right(hint: Any) -> str:
    kind, *rest = get_args(hint)
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if kind is bool:
        return "true or false"
    return " ".join(each.description or "" for each in rest if isinstance(each, msgspec.Meta))


def _unknown(name: str, known: list[str]) -> str:
    # Without what all of them begin with, which would make any two of them look alike.
    shorts = [each.removeprefix("PADDOCK_") for each in known]
    close = near_misses(name.upper().removeprefix("PADDOCK_"), shorts, most=1)
    return f"{name} is no setting: " + (
        f"did you mean PADDOCK_{close[0]}?" if close else "see the table in README."
    )


_SYSTEMD = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM")


def systemd_variables(environment: Mapping[str, str] | None = None) -> Mapping[str, str]:
    """What systemd puts into the environment of a service, by its names; empty where it says nothing."""
    environment = os.environ if environment is None else environment
    return {name: environment.get(name, "") for name in _SYSTEMD}


def _read_secret(name: str, place: str) -> str:
    """A secret from a file, or from an object like ``s3://bucket/key``, where a function has no files."""
    try:
        secret = (_read_object(place) if place.startswith("s3://") else Path(place).read_bytes()).decode().strip()
    except OSError as error:
        raise Rejected(f"{name}: {error.strerror}: {place}", code="bad_setting") from None
    except UnicodeDecodeError:
        raise Rejected(f"{name}: {place} is not UTF-8 text.", code="bad_setting") from None
    if not secret:
        # A key made instead would go unnoticed until something that was signed with the right one is refused.
        raise Rejected(f"{name}: {place} is empty.", code="bad_setting")
    return secret


def _read_object(place: str) -> bytes:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = place.removeprefix("s3://").partition("/")
    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        raise OSError(0, type(error).__name__) from error
