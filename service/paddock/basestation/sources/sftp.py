"""Logs on a car that has an SSH server, over SFTP: the car needs nothing new.

One connection lists, reads small logs side by side and removes; large ones get further connections where the link
carries more with them (``lanes.py``). Paths are bytes to SFTP, so every name that a file can have is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import posixpath
import secrets
import shlex
import stat
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import asyncssh

from paddock.basestation.sources.lanes import Blocks, Kept, LanesRead, Pace, Put, Span
from paddock.basestation.sources.place import SftpPlace, SshLogin
from paddock.basestation.sources.sftp_listing import Listed, list_logs, modified_ns
from paddock.basestation.sources.source import SeenFile
from paddock.basestation.sources.ssh import connect
from paddock.domain.sidecar import MAX_BYTES, Sidecar, parse_sidecar, sidecar_name
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable

_LEAST_READ = 16 * 1024
_MOST_READ = 128 * 1024
"""Bytes asked for in one request; larger requests bring nothing more."""
_UNKNOWN_LIMIT = 32 * 1024
"""Bytes in one request that every server takes, for one that does not say its limit."""
_OPEN_AT_ONCE = 64
"""Files; a server may have a thousand open in all."""


class SftpSource:
    """The logs below the folder of a place.

    Hidden files and folders are passed over. A link is followed where it leads to a file below the folder that is
    not seen there anyway. A log's sidecar is read once, and again when it has changed.

    Args:
        name: of the place, as the user wrote it.
    """

    def __init__(self, name: str, place: SftpPlace, login: SshLogin) -> None:
        self._name = name
        self._place = place
        self._login = login
        self._root = os.fsencode(place.path.removeprefix("~").strip("/") or ".")
        if place.path.startswith("/"):
            self._root = os.fsencode(place.path.rstrip("/") or "/")
        self._connections: dict[int, _Connection] = {}
        """By the number of the lane; that of number 0 does all else too."""
        self._connecting: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._turn = 0
        self._pace = Pace()
        self._kept = Kept()
        self._open = asyncio.Semaphore(_OPEN_AT_ONCE)
        self._sidecars: dict[tuple[bytes, int | None, int], Sidecar] = {}

    @property
    def place(self) -> str:
        """As the user named it."""
        return self._name

    async def look(self) -> Sequence[SeenFile]:
        """Every log below the folder; what cannot be read is among them, with its trouble."""
        connection = await self._connection(0)
        if not self._pace.reads:
            await self._close_further()
        try:
            with connection.failures():
                listed = await list_logs(connection.sftp, self._root)
        except (NotFound, Unavailable) as error:
            if connection.lost:
                raise
            raise await self._no_folder(connection, error) from None
        sidecars = await asyncio.gather(*(self._sidecar(connection, each) for each in listed))
        return [_seen(each, sidecar) for each, sidecar in zip(listed, sidecars, strict=True)]

    async def _no_folder(self, connection: _Connection, error: PaddockError) -> PaddockError:
        """Why the place cannot be listed."""
        folder = f"{os.fsdecode(self._root)} on {self._place.host}"
        try:
            with connection.failures():
                kind = stat.S_IFMT((await connection.sftp.stat(self._root)).permissions or stat.S_IFDIR)
        except NotFound:
            return Unavailable(f"There is no folder {folder}.", code="away")
        except Unavailable as failure:
            return failure
        if kind != stat.S_IFDIR:
            return Rejected(f"{folder} is no folder: name the one that has the logs.", code="bad_place")
        return error

    async def _sidecar(self, connection: _Connection, log: Listed) -> Sidecar:
        if log.sidecar is None or (log.sidecar.size or 0) > MAX_BYTES:
            return Sidecar()
        key = (log.path, log.sidecar.size, modified_ns(log.sidecar))
        if key not in self._sidecars:
            name = sidecar_name(os.fsdecode(log.path))
            try:
                with connection.failures(name):
                    async with self._open, await connection.sftp.open(self._path(name), "rb", block_size=0) as file:
                        self._sidecars[key] = parse_sidecar(await file.read(MAX_BYTES, 0), name)
            except NotFound:
                return Sidecar()
            except Rejected:
                # Whoever wrote it has to mend it; the log goes on its way without.
                self._sidecars[key] = Sidecar()
        return self._sidecars[key]

    async def read(self, seen: SeenFile, offset: int) -> AsyncIterator[bytes]:
        """The bytes from ``offset`` on, in blocks of some ten kilobytes."""
        connection = await self._connection(0)
        limit = min(connection.sftp.limits.max_read_len or _UNKNOWN_LIMIT, _MOST_READ)
        blocks = Blocks(least=min(_LEAST_READ, limit), most=limit, in_turn=False)
        async with self._open:
            self._turn += 1
            open_lane = partial(self._lane, seen, self._turn)
            lanes = LanesRead(open_lane, self._pace, self._kept_of(seen), blocks)
            async with contextlib.aclosing(lanes.read(offset, seen.size_bytes)) as pieces:
                async for piece in pieces:
                    offset += len(piece)
                    yield piece
        if offset < seen.size_bytes:
            raise _changed(seen)

    def _kept_of(self, seen: SeenFile) -> Kept:
        """What came too early of this file; of the large one that was read last."""
        if self._kept.of == seen:
            return self._kept
        kept = Kept(seen)
        if seen.size_bytes > _MOST_READ:
            self._kept = kept
        return kept

    async def _lane(self, seen: SeenFile, turn: int, number: int) -> _SftpLane | None:
        """The lane of a number; reads that go on at once share the connections, in turn."""
        path, count = self._path(seen.name), self._pace.lanes
        opened = [each for each in range(count) if each in self._connections] or [0]
        try:
            connection = await self._connection((opened[turn % len(opened)] + number) % count)
        except PaddockError:
            if number:
                return None
            connection = await self._connection(0)
        with connection.failures(seen.name):
            return _SftpLane(connection, seen, await connection.sftp.open(path, "rb", block_size=0))

    async def beginning_sha256(self, seen: SeenFile, size_bytes: int) -> str | None:
        """By the car's own ``sha256sum``; None where the login may not run programs."""
        connection = await self._connection(0)
        path = shlex.quote(os.fsdecode(self._path(seen.name)))
        command = f"head -c {size_bytes} < {path} | sha256sum".encode(errors="surrogateescape")
        with connection.failures(seen.name):
            try:
                # asyncssh takes bytes as well, although it does not say so; a login for SFTP alone waits for stdin.
                done = await connection.ssh.run(cast(str, command), stdin=asyncssh.DEVNULL)
            except asyncssh.ChannelOpenError:
                return None
        digest = str(done.stdout or "").split(" ")[0].strip()
        if done.exit_status != 0 or len(digest) != 64:
            return None
        return digest

    async def free_bytes(self) -> int | None:
        """How much the file system has left; None where the server does not know OpenSSH's question for it."""
        connection = await self._connection(0)
        with connection.failures(self._name):
            try:
                system = await connection.sftp.statvfs(self._root)
            except (asyncssh.SFTPOpUnsupported, asyncssh.SFTPPermissionDenied):
                return None
        return (system.bavail or 0) * (system.frsize or 0)

    async def remove(self, seen: SeenFile) -> None:
        """Take the file and its sidecar away.

        It gets another name first: what a recorder makes under the old one in between stays. Lost half way, it is
        there under the other name, a log like any.
        """
        connection = await self._connection(0)
        sftp, path = connection.sftp, self._path(seen.name)
        with connection.failures(seen.name, "removed"):
            entry, attributes, real = await asyncio.gather(sftp.lstat(path), sftp.stat(path), sftp.realpath(path))
            _compare(seen, attributes)
            assert isinstance(real, bytes)
            stem, suffix = posixpath.splitext(real)
            aside = stem + f".removing-{secrets.token_hex(4)}".encode() + suffix
            await _move(sftp, real, aside)
            try:
                _compare(seen, await sftp.stat(aside))
            except Conflict:
                with contextlib.suppress(asyncssh.SFTPError):
                    await sftp.rename(aside, real)
                raise
            await sftp.remove(aside)
            if stat.S_ISLNK(entry.permissions or 0):
                await sftp.remove(path)
            with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                await sftp.remove(self._path(sidecar_name(seen.name)))

    async def close(self) -> None:
        """Give back the connections."""
        connections, self._connections = list(self._connections.values()), {}
        await asyncio.gather(*(connection.close() for connection in connections))

    async def _close_further(self) -> None:
        """Those that nobody reads through; each is a process on the car."""
        further = [self._connections.pop(number) for number in list(self._connections) if number]
        await asyncio.gather(*(connection.close() for connection in further))

    def _path(self, name: str) -> bytes:
        return self._root.rstrip(b"/") + b"/" + os.fsencode(name)

    async def _connection(self, number: int) -> _Connection:
        async with self._connecting[number]:
            connection = self._connections.get(number)
            if connection is not None and not connection.lost:
                return connection
            if connection is not None:
                await connection.close()
            connection = await _Connection.open(self._place, self._login)
            self._connections[number] = connection
            return connection


class _Connection:
    """One login with its SFTP session."""

    def __init__(self, host: str, ssh: asyncssh.SSHClientConnection, sftp: asyncssh.SFTPClient) -> None:
        self._host = host
        self.ssh = ssh
        self.sftp = sftp
        self._lost = False
        self._unanswered: set[asyncio.Future[Any]] = set()

    @classmethod
    async def open(cls, place: SftpPlace, login: SshLogin) -> _Connection:
        ssh = await connect(place, login)
        try:
            return cls(place.host, ssh, await ssh.start_sftp_client())
        except (asyncssh.Error, OSError, ValueError) as error:
            if ssh.is_closed():
                raise _cut(place.host, error) from error
            raise Rejected(
                f"{place.host} lets us log in but has no SFTP: its sshd_config wants the line "
                "Subsystem sftp internal-sftp, and the user's shell must print nothing when it starts.",
                code="no_sftp",
            ) from error
        except BaseException:
            ssh.abort()
            raise

    @property
    def lost(self) -> bool:
        return self._lost or self.ssh.is_closed()

    @contextlib.contextmanager
    def failures(self, name: str = "", what: str = "read") -> Iterator[None]:
        """What asyncssh raises about a file, or about the connection, in words."""
        try:
            yield
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
            raise NotFound(f"{name} is not on {self._host} any more.", code="gone") from error
        except asyncssh.SFTPPermissionDenied as error:
            message = f"{name or 'The folder'} cannot be {what}: the user of the login is not permitted to."
            raise Unavailable(message, code=f"not_{what}") from error
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as error:
            self._lost = True
            raise _cut(self._host, error) from error
        except asyncssh.SFTPBadMessage as error:
            self._lost = True
            raise Unavailable(f"{self._host} does not speak SFTP: {error.reason}.", code="away") from error
        except asyncssh.SFTPError as error:
            message = f"{name or 'The folder'} cannot be {what}: {self._host} says {error.reason or error.code}."
            raise Unavailable(message, code=f"not_{what}") from error
        except (asyncssh.Error, OSError, ValueError, IndexError) as error:
            self._lost = True
            raise _cut(self._host, error) from error

    def later(self, request: Awaitable[Any]) -> None:
        """Send a request whose answer nobody waits for."""
        sent = asyncio.ensure_future(asyncio.gather(request, return_exceptions=True))
        self._unanswered.add(sent)
        sent.add_done_callback(self._unanswered.discard)

    async def close(self) -> None:
        self.ssh.close()
        try:
            async with asyncio.timeout(2):
                await self.ssh.wait_closed()
        except (TimeoutError, asyncssh.Error, OSError):
            self.ssh.abort()


class _SftpLane:
    """A file that is open on one connection."""

    def __init__(self, connection: _Connection, seen: SeenFile, file: asyncssh.SFTPClientFile) -> None:
        self._connection = connection
        self._seen = seen
        self._file = file
        # Of a small one the look after its last byte is enough.
        is_small = seen.size_bytes <= _MOST_READ
        self._first_check = None if is_small else asyncio.ensure_future(self.check())

    async def fetch(self, span: Span, put: Put) -> None:
        while span.at < span.end:
            with self._connection.failures(self._seen.name):
                data = cast(bytes, await self._file.read(span.end - span.at, span.at))
            if self._first_check is not None:
                await asyncio.shield(self._first_check)
            if not data:
                return
            await put(span, data)

    async def check(self) -> None:
        with self._connection.failures(self._seen.name):
            _compare(self._seen, await self._file.stat())

    async def close(self) -> None:
        if self._first_check is not None:
            self._first_check.cancel()
            await asyncio.gather(self._first_check, return_exceptions=True)
        if not self._connection.lost:
            self._connection.later(self._file.close())


async def _move(sftp: asyncssh.SFTPClient, path: bytes, to: bytes) -> None:
    try:
        # OpenSSH's own: the other one is a link and a removal, between which somebody may make the name anew.
        await sftp.posix_rename(path, to)
    except asyncssh.SFTPOpUnsupported:
        await sftp.rename(path, to)


def _compare(seen: SeenFile, attributes: asyncssh.SFTPAttrs) -> None:
    if (attributes.size, modified_ns(attributes)) != (seen.size_bytes, seen.modified_ns):
        raise _changed(seen)


def _seen(log: Listed, sidecar: Sidecar) -> SeenFile:
    return SeenFile(
        os.fsdecode(log.path),
        log.size_bytes,
        log.modified_ns,
        metadata=sidecar.metadata,
        clock_offset_ns=sidecar.clock_offset_ns,
        trouble=log.trouble,
    )


def _changed(seen: SeenFile) -> Conflict:
    return Conflict(f"{seen.name} is being written.", code="changed")


def _cut(host: str, error: Exception) -> Unavailable:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error) or "it was closed"
    return Unavailable(f"The connection to {host} is lost: {reason}.", code="away")
