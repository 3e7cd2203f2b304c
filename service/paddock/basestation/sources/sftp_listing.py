"""The logs below a folder of an SFTP server, folders side by side and each in as few round trips as it goes."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import dataclass, field

import asyncssh

from paddock.basestation.sources.source import OF_THE_FILE_SYSTEM
from paddock.domain.instants import NS_PER_S
from paddock.domain.log_kinds import is_log_name
from paddock.domain.sidecar import SUFFIX
from paddock.errors import Rejected

MAX_ENTRIES = 200_000
"""Files and folders in all; a place that has more is a whole disk."""
MAX_DEPTH = 20
_FOLDERS_AT_ONCE = 16
_REQUESTS_AT_ONCE = 8
"""For the entries of one folder, of which a server gives a hundred at a time."""


@dataclass(frozen=True)
class Listed:
    """A log, or a folder or file that cannot be read."""

    path: bytes
    """Below the place."""
    size_bytes: int = 0
    modified_ns: int = 0
    sidecar: asyncssh.SFTPAttrs | None = None
    """The attributes of what lies beside it."""
    trouble: str | None = None


@dataclass
class _Found:
    logs: dict[bytes, asyncssh.SFTPAttrs] = field(default_factory=dict)
    links: list[bytes] = field(default_factory=list)
    sidecars: dict[bytes, asyncssh.SFTPAttrs] = field(default_factory=dict)
    trouble: dict[bytes, str] = field(default_factory=dict)
    entries: int = 0


async def list_logs(sftp: asyncssh.SFTPClient, root: bytes) -> list[Listed]:
    """Every log below ``root``, ordered by name.

    Raises:
        asyncssh.Error: ``root`` cannot be listed, or the connection is lost.
        Rejected: it has more than anybody's logs (code ``too_many_files``).
    """
    found = _Found()
    folders = [b""]
    for depth in range(MAX_DEPTH + 1):
        if depth == MAX_DEPTH:
            found.trouble |= dict.fromkeys(folders, "It lies too deep, and nobody has looked into it.")
            break
        at_once = asyncio.Semaphore(_FOLDERS_AT_ONCE)
        deeper = await asyncio.gather(*(_look_into(sftp, root, each, found, at_once) for each in folders))
        folders = [folder for folders in deeper for folder in folders]
        if not folders:
            break
    await _follow(sftp, root, found)
    listed = [
        Listed(path, attributes.size or 0, modified_ns(attributes), found.sidecars.get(path + SUFFIX.encode()))
        for path, attributes in found.logs.items()
    ]
    listed += [Listed(path, trouble=trouble) for path, trouble in found.trouble.items()]
    return sorted(listed, key=lambda each: each.path)


def modified_ns(attributes: asyncssh.SFTPAttrs) -> int:
    """When a file changed last; SFTP as OpenSSH has it knows whole seconds."""
    return (attributes.mtime or 0) * NS_PER_S + (attributes.mtime_ns or 0)


async def _look_into(
    sftp: asyncssh.SFTPClient, root: bytes, folder: bytes, found: _Found, at_once: asyncio.Semaphore
) -> list[bytes]:
    """Takes in what a folder has; returns the folders in it."""
    try:
        async with at_once:
            entries = await _entries(sftp, root + b"/" + folder if folder else root, found)
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPNoSuchFile, asyncssh.SFTPFailure) as error:
        if not folder:
            raise
        found.trouble[folder] = f"The car does not let us look into it: {error.reason}."
        return []
    folders = []
    for entry in entries:
        name = entry.filename if isinstance(entry.filename, bytes) else entry.filename.encode()
        text = name.decode(errors="replace")
        if name.startswith(b".") or b"/" in name or b"\0" in name or text in OF_THE_FILE_SYSTEM:
            continue
        path = folder + b"/" + name if folder else name
        kind = stat.S_IFMT(entry.attrs.permissions or 0)
        if kind == stat.S_IFDIR:
            folders.append(path)
        elif is_log_name(text):
            if kind == stat.S_IFREG and entry.attrs.size is not None:
                found.logs[path] = entry.attrs
            elif kind in (stat.S_IFLNK, 0):
                found.links.append(path)
        elif kind == stat.S_IFREG and name.endswith(SUFFIX.encode()):
            found.sidecars[path] = entry.attrs
    return folders


async def _entries(sftp: asyncssh.SFTPClient, path: bytes, found: _Found) -> list[asyncssh.SFTPName]:
    # asyncssh's own listing waits for an answer before it asks for more: with 5,000 files 50 round trips.
    handler = sftp._handler
    handle = await handler.opendir(path)
    entries: list[asyncssh.SFTPName] = []
    try:
        while True:
            answers = await asyncio.gather(
                *(handler.readdir(handle) for _ in range(_REQUESTS_AT_ONCE if entries else 2)),
                return_exceptions=True,
            )
            for answer in answers:
                if isinstance(answer, asyncssh.SFTPEOFError):
                    return entries
                if isinstance(answer, BaseException):
                    raise answer
                names, at_end = answer
                entries += names
                found.entries += len(names)
                if found.entries > MAX_ENTRIES:
                    raise Rejected(
                        f"There are more than {MAX_ENTRIES:,} files: name the folder that has the logs.",
                        code="too_many_files",
                    )
                if at_end:
                    return entries
    finally:
        await asyncio.gather(handler.close(handle), return_exceptions=True)


async def _follow(sftp: asyncssh.SFTPClient, root: bytes, found: _Found) -> None:
    """Links to files below the folder that have not been seen there anyway."""
    if not found.links:
        return
    try:
        top = await sftp.realpath(root)
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure, asyncssh.SFTPOpUnsupported):
        return  # nobody can say where they lead
    assert isinstance(top, bytes)
    below = top.rstrip(b"/") + b"/"
    seen = {below + path for path in found.logs}
    at_once = asyncio.Semaphore(_FOLDERS_AT_ONCE)

    async def follow(path: bytes) -> None:
        async with at_once:
            try:
                target, attributes = await asyncio.gather(
                    sftp.realpath(root + b"/" + path), sftp.stat(root + b"/" + path)
                )
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPFailure, asyncssh.SFTPPermissionDenied):
                return  # it leads nowhere, or where we are not let in
        assert isinstance(target, bytes)
        is_file = stat.S_ISREG(attributes.permissions or 0) and attributes.size is not None
        if is_file and target.startswith(below) and target not in seen:
            seen.add(target)
            found.logs[path] = attributes

    await asyncio.gather(*(follow(path) for path in found.links))
