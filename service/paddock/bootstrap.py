"""Joins ports and adapters from the settings. The only module that knows both."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from paddock.adapters.directory import DirectoryObjects
from paddock.adapters.polling import PollingWork
from paddock.adapters.prefixed import PrefixedStore
from paddock.adapters.sqlite import SqliteDocuments
from paddock.data_directory import SHORTEST_SECRET_BYTES, kept_secret, private_directory, sentences
from paddock.device_log.appender import Appender
from paddock.domain.backup import parse_keep
from paddock.domain.keys import ARTIFACTS, COLUMNS, FILES, INCOMING, RAW, SEASON
from paddock.domain.members import read_networks
from paddock.domain.place import S3Place, parse_place
from paddock.domain.tunnel import VpnPlan, read_endpoint
from paddock.domain.words import printable
from paddock.errors import NotFound, Rejected, Unavailable
from paddock.ports.documents import Documents
from paddock.ports.engine_catalogue import EngineCatalogue
from paddock.ports.notices import Notifier
from paddock.ports.objects import Objects, Store
from paddock.ports.work import Work
from paddock.service_manager import with_priority, writes_to_journal
from paddock.settings import Settings
from paddock.usecases.context import Context
from paddock.usecases.find.topic_sets import find_topic_sets
from paddock.web.viewers.addresses import VIEWER_ORIGINS

_SILENT_S = 2.0

if TYPE_CHECKING:
    from paddock.adapters.vpn import LocalVpn


@contextlib.asynccontextmanager
async def open_context(
    settings: Settings, *, work: Work | None = None, migrate: bool = True
) -> AsyncIterator[Context]:
    """One side of every port, as the settings say.

    Args:
        work: replaces the one for job ids (the functions' own).
        migrate: not in a process whose parent has done it.

    Raises:
        Unavailable: the data directory cannot be made or written, or the database does not answer.
    """
    with private_directory(settings.data):
        async with _open(settings, work or _work(settings), migrate=migrate) as context:
            yield context


@contextlib.asynccontextmanager
async def _open(settings: Settings, work: Work, *, migrate: bool) -> AsyncIterator[Context]:
    scratch = settings.data / "scratch"
    with sentences(settings.data):
        scratch.mkdir(exist_ok=True)
        documents = _documents(settings)
        objects = _objects(settings)
    opened = contextlib.ExitStack()
    device_log = settings.data / "device-log"
    try:
        if migrate:
            await documents.migrate(_Migrating().tell)
            await find_topic_sets(documents)
        context = Context(
            documents=documents,
            objects=objects,
            work=work,
            scratch=scratch,
            link_expires_s=settings.link_expires_s,
            upload_expires_s=settings.upload_expires_s,
            export_expires_s=settings.export_expires_s,
            memory_bytes=settings.memory_bytes,
            vpn=open_vpn(settings) if settings.peers_file else None,
            backup_to=settings.backup_to,
            backup_max_age_days=settings.backup_max_age_days,
            device_key=cache(partial(_device_key, settings)),
            device_log=device_log,
            appender=cache(lambda: opened.enter_context(Appender(device_log))),
            notifier=cache(partial(_notifier, settings)),
        )
        try:
            yield context
        finally:
            await context.close()
    finally:
        opened.close()
        await work.close()
        await objects.close()
        await documents.close()


class _Migrating:
    """Says how far documents of an earlier version are rewritten, where that takes long."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + _SILENT_S

    def tell(self, done: int, total: int) -> None:
        """Say it, unless it was said a moment ago."""
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + _SILENT_S
        if structlog.is_configured():
            structlog.get_logger().info("documents_rewritten", done=done, total=total)
        else:
            text = f"paddock: Rewriting documents of an earlier version: {done:,} of {total:,} are done."
            print(text, file=sys.stderr, flush=True)


# The cloud's libraries are imported where they are used: a laptop starts without them.


def _notifier(settings: Settings) -> Notifier:
    from paddock.adapters.notifier import EveryWay
    from paddock.adapters.smtp import Smtp, SmtpServer
    from paddock.adapters.webhooks import Webhooks

    server = None
    if settings.smtp_host and settings.smtp_from:
        server = SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_from,
            user=settings.smtp_user,
            password=settings.smtp_password,
            encryption=settings.smtp_encryption,
        )
    webhooks = Webhooks(settings.base_url, private=settings.notices_private)
    return EveryWay(webhooks, Smtp(server, settings.base_url))


def _documents(settings: Settings) -> Documents:
    if settings.mongodb_url:
        from paddock.adapters.mongodb import MongoDocuments

        return MongoDocuments(settings.mongodb_url)
    return SqliteDocuments(_sqlite(settings))


def _sqlite(settings: Settings) -> Path:
    return settings.data / "paddock.sqlite"


def has_begun(settings: Settings) -> bool:
    """Whether a Paddock was ever started on this data directory; where documents are in MongoDB it is taken so."""
    file = _sqlite(settings)
    return bool(settings.mongodb_url) or (file.exists() and file.stat().st_size > 0)


def _objects(settings: Settings) -> Objects:
    if settings.s3_bucket:
        from paddock.adapters.s3 import S3Objects

        return S3Objects(
            settings.s3_bucket,
            endpoint=settings.s3_endpoint,
            public_endpoint=settings.s3_public_endpoint,
            path_style=settings.s3_path_style,
            region=settings.aws_region,
        )
    check_secret(settings)
    secret = settings.secret.encode() or kept_secret(settings.data / "secret")
    return DirectoryObjects(settings.data / "objects", secret, settings.base_url)


@contextlib.asynccontextmanager
async def open_store(settings: Settings, place: str, *, make: bool = False) -> AsyncIterator[Store]:
    """Where backups or second copies go.

    Args:
        settings: say which S3 store it is where the place does not.
        place: a directory or ``s3://bucket/prefix``; see ``domain/place.py``.
        make: the directory, where there is none.

    Raises:
        Rejected: it is no place, or this Paddock's own objects (codes ``bad_place``, ``own_place``).
        NotFound: there is no such directory (code ``no_such_place``).
        Unavailable: the directory cannot be made or read.
    """
    parsed = check_place(settings, place)
    store: Store
    if isinstance(parsed, Path):
        if not parsed.is_dir() and (parsed.exists() or not make):
            raise NotFound(f"There is no directory {parsed}.", code="no_such_place")
        with private_directory(settings.data):
            # Nobody is given links to it, so nobody needs the key that would sign them.
            secret = secrets.token_bytes(SHORTEST_SECRET_BYTES)
            try:
                store = DirectoryObjects(parsed, secret, settings.base_url, read_only=not make)
            except Unavailable as error:
                raise Unavailable(f"Nothing can be written to {parsed}: {error.message}") from error
    else:
        from paddock.adapters.s3 import S3Objects

        endpoint = settings.s3_endpoint if parsed.endpoint is None else parsed.endpoint
        bucket = S3Objects(
            parsed.bucket,
            endpoint=endpoint,
            path_style=settings.s3_path_style if parsed.path_style is None else parsed.path_style,
            region=parsed.region or settings.aws_region,
            profile=parsed.profile,
        )
        store = PrefixedStore(bucket, parsed.prefix)
    try:
        yield store
    finally:
        await store.close()


def open_engine_catalogue(settings: Settings, database: str) -> EngineCatalogue:
    """A database of AWS Glue, in which the bucket's tables are named.

    Raises:
        Rejected: the columns lie in a directory, which Glue knows nothing of (code ``no_bucket``).
    """
    if not settings.s3_bucket:
        raise Rejected("Glue names what lies in a bucket: set PADDOCK_S3_BUCKET.", code="no_bucket")
    from paddock.adapters.glue import GlueCatalogue

    return GlueCatalogue(database, settings.s3_bucket, region=settings.aws_region)


def check_place(settings: Settings, text: str) -> Path | S3Place:
    """Where backups or second copies go, as people write it.

    Raises:
        Rejected: it is no place, or this Paddock's own objects (codes ``bad_place``, ``own_place``).
    """
    place = parse_place(text)
    if isinstance(place, Path):
        own = not settings.s3_bucket and place.resolve().is_relative_to((settings.data / "objects").resolve())
    else:
        same_store = place.endpoint is None or place.endpoint.rstrip("/") == settings.s3_endpoint.rstrip("/")
        same_prefix = place.prefix == "" or place.prefix.startswith(
            (INCOMING, RAW, COLUMNS, ARTIFACTS, FILES, SEASON)
        )
        own = same_store and place.bucket == settings.s3_bucket and same_prefix
    if own:
        raise Rejected(
            "That is where this Paddock keeps its own objects: what is lost there would be lost twice. Choose "
            "another directory, bucket or prefix.",
            code="own_place",
        )
    return place


def backup_key(settings: Settings, *, make: bool) -> bytes | None:
    """The key that signs backups.

    Args:
        settings: may hold it.
        make: a new one where there is none; else None.

    Raises:
        Rejected: it is too short for a key.
    """
    if settings.backup_key:
        check_backups(settings)
        return settings.backup_key.encode()
    path = settings.data / "backup-key"
    return kept_secret(path, "backups").strip() if make or path.exists() else None


def check_backups(settings: Settings) -> None:
    """Refuse settings that no backup can be made with.

    Raises:
        Rejected: key, place or number of backups is none (codes ``bad_setting``, ``bad_place``, ``own_place``,
            ``bad_keep``).
    """
    if settings.backup_key and len(settings.backup_key) < SHORTEST_SECRET_BYTES:
        raise Rejected(f"PADDOCK_BACKUP_KEY is shorter than {SHORTEST_SECRET_BYTES} bytes.", code="bad_setting")
    if settings.backup_to:
        check_place(settings, settings.backup_to)
    parse_keep(settings.backup_keep)


def _device_key(settings: Settings) -> bytes:
    """The key that signs the tokens of devices.

    Raises:
        Rejected: it is too short for a key.
    """
    check_device_key(settings)
    key = settings.device_key.encode() or kept_secret(settings.data / "device-key", "tokens of devices")
    # As long as the algorithm wants it, whatever was given.
    return hashlib.sha256(key.strip()).digest()


def check_device_key(settings: Settings) -> None:
    """Refuse a key that is too short to sign tokens.

    Raises:
        Rejected: ``PADDOCK_DEVICE_KEY`` is one (code ``bad_setting``).
    """
    if settings.device_key and len(settings.device_key.encode()) < SHORTEST_SECRET_BYTES:
        raise Rejected(f"PADDOCK_DEVICE_KEY is shorter than {SHORTEST_SECRET_BYTES} bytes.", code="bad_setting")


def check_secret(settings: Settings) -> None:
    """Refuse a key that is too short to sign links.

    Raises:
        Rejected: ``PADDOCK_SECRET`` is one (code ``bad_setting``).
    """
    if settings.secret and len(settings.secret.encode()) < SHORTEST_SECRET_BYTES:
        raise Rejected(f"PADDOCK_SECRET is shorter than {SHORTEST_SECRET_BYTES} bytes.", code="bad_setting")


def check_vpn(settings: Settings) -> None:
    """Refuse what no VPN can be made of.

    Raises:
        Rejected: networks or endpoint cannot be understood (code ``bad_setting``).
    """
    read_networks(settings.vpn_networks)
    if settings.vpn_endpoint:
        read_endpoint(settings.vpn_endpoint)


def open_vpn(settings: Settings) -> LocalVpn:
    """The team's VPN, which works without database and store.

    Raises:
        Rejected: no peers file is set, or the networks cannot be understood.
    """
    from paddock.adapters.vpn import LocalVpn

    if settings.peers_file is None:
        raise Rejected(
            "Set PADDOCK_PEERS_FILE to a file for the members: who is let in is written there.",
            code="no_peers_file",
        )
    return LocalVpn(
        VpnPlan(
            networks=read_networks(settings.vpn_networks),
            endpoint=settings.vpn_endpoint,
            site_url=settings.base_url,
        ),
        settings.peers_file,
        settings.vpn_directory or settings.data / "vpn",
    )


async def prepare_bucket(settings: Settings, context: Context) -> Sequence[str]:
    """Give an S3-compatible bucket the rules that browsers need; on AWS ``infra/`` does this.

    Returns:
        what its store does not know, any of ``cors`` and ``lifecycle``; see ``adapters.s3_bucket``.
    """
    if not settings.s3_endpoint:
        return ()
    from paddock.adapters.s3 import S3Objects

    assert isinstance(context.objects, S3Objects)
    return await context.objects.prepare_bucket([settings.base_url], VIEWER_ORIGINS)


def _work(settings: Settings) -> Work:
    if settings.ingest_queue_url:
        from paddock.adapters.sqs import SqsWork

        return SqsWork(settings.ingest_queue_url, settings.export_queue_url, region=settings.aws_region)
    return PollingWork()


def _one_harmless_line(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """What others sent, such as a path, neither commands a terminal nor looks like a line of its own."""
    for name, value in event.items():
        if isinstance(value, str):
            shown = printable(value)
            event[name] = shown if name == "exception" else shown.replace("\n", "\\n")
    return event


_json_line = structlog.processors.JSONRenderer()


def _journal_line(logger: object, method: str, event: structlog.typing.EventDict) -> str:
    level = str(event.get("level", method))
    return with_priority(str(_json_line(logger, method, event)), level)


def configure_logging(settings: Settings) -> None:
    """One structured line per request and job, on stderr; as JSON in the journal each has its priority."""
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = structlog.dev.ConsoleRenderer() if console else _json_line
    if not console and writes_to_journal():
        renderer = _journal_line
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _one_harmless_line,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
