"""A ``SpoolWriter`` in a process of its own, so that reading and decoding take two cores.

Threads would not do: the protobuf decoder keeps Python's lock while it works. Messages come to the process in
memory that both share, everything else through a socket; when the socket closes, the process ends. Who sorts them
depends on what the process has to do: with statistics it has more to do than the one that reads.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from paddock.allocator import keep_freed_memory
from paddock.columns.limits import Limits
from paddock.columns.spool_channel import SpooledChannel
from paddock.columns.spool_file import SpoolFile
from paddock.errors import Unavailable
from paddock.processes import do_without_pandas, end_with_parent
from paddock.readers.decoders.schema import Schema
from paddock.readers.mcap.batch import MEMORY_BYTES, Batch, Sorted
from paddock.readers.mcap.definitions import Definition
from paddock.readers.mcap.spool_raw import RawChannels
from paddock.readers.mcap.spool_writer import SpoolWriter

_SHARED = 3
"""Batches that are filled, wait or are decoded. With two a log takes longer, as one process waits for the other."""


class SpoolProcess:
    """See ``SpoolWriter``.

    Args:
        file: the spool, which the process writes and this one reads afterwards.
        directory: for the shared memory where it has to be a file, one without a name.
        limits: for the process; this one's are not counted.
    """

    def __init__(self, file: SpoolFile, directory: Path, limits: Limits) -> None:
        with _shared_memory(directory) as shared:
            shared.truncate(MEMORY_BYTES * _SHARED)
            self._memory = mmap.mmap(shared.fileno(), MEMORY_BYTES * _SHARED)
            self._interpreter = _ahead.pop() if _ahead else _Spawned()
            self._connection = Connection(os.dup(self._interpreter.socket.fileno()))
            with self._told_why():
                socket.send_fds(self._interpreter.socket, [b"\0"], [file.fileno(), shared.fileno()])
                self._connection.send(limits)
        self._free = list(range(_SHARED))
        self._private = Batch() if limits.statistics else None
        """What is filled here, and sorted into shared memory; None where that is filled, and sorted there."""
        self._filled: int | None = None
        """The part of the shared memory that is filled now."""
        self._sent: dict[int, tuple[int, Schema]] = {}
        """By ``id``: the number that the process knows it by, and the schema, which must live on for its ``id``."""

    def define(self, definition: Definition, slug: str, as_bytes: str) -> None:
        """See ``SpoolWriter``."""
        schema = definition.schema
        if schema is not None and id(schema) not in self._sent:
            # Once for all of its channels: it may be a megabyte, and they thousands.
            self._sent[id(schema)] = len(self._sent), schema
            self._send("schema", schema)
        number = None if schema is None else self._sent[id(schema)][0]
        self._send("define", definition.channel, number, slug, as_bytes)

    def batch(self) -> Batch:
        """See ``SpoolWriter``."""
        batch = self._private
        if batch is None:
            self._filled = self._free_part()
            batch = Batch(self._memory, MEMORY_BYTES * self._filled)
        batch.clear()
        return batch

    def write(self, batch: Batch) -> None:
        """See ``SpoolWriter``; returns before they are decoded, but waits until there is room for them."""
        is_oversized = batch.oversized is not None
        if batch is self._private:
            part = self._free_part()
            contents = Sorted(self._memory, MEMORY_BYTES * part).sort(batch)
            self._send("write sorted", part, contents, is_oversized, payload=batch.oversized)
        else:
            self._send("write", self._filled, batch.extent, is_oversized, payload=batch.oversized)
            self._filled = None

    def _free_part(self) -> int:
        while not self._free:
            self._free.append(self._receive())
        return self._free.pop()

    def finish(self) -> tuple[list[SpooledChannel], RawChannels]:
        """See ``SpoolWriter``."""
        if self._filled is not None:
            self._free.append(self._filled)
        while len(self._free) < _SHARED:
            self._free.append(self._receive())
        self._send("finish")
        return cast(tuple[list[SpooledChannel], RawChannels], self._receive())

    def close(self) -> None:
        """End the process, whatever it does."""
        self._connection.close()
        self._interpreter.end()

    def _send(self, *message: Any, payload: bytes | memoryview | None = None) -> None:
        with self._told_why():
            self._connection.send(message)
            if payload is not None:
                self._connection.send_bytes(payload)

    @contextlib.contextmanager
    def _told_why(self) -> Iterator[None]:
        """When the process is gone it failed, and perhaps could still say why."""
        try:
            yield
        except (BrokenPipeError, ConnectionResetError):
            while True:
                self._receive()

    def _receive(self) -> Any:
        try:
            answer = self._connection.recv()
        except (EOFError, ConnectionResetError):
            raise Unavailable(
                "The process that decodes the log was ended from outside, perhaps for lack of memory. Try again.",
                code="decoding_killed",
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer


class _Spawned:
    """An interpreter of its own, whatever threads this one has."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", __name__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self.pid = self._process.pid

    def end(self) -> int | None:
        """End it, whatever it does; its return code."""
        self.socket.close()
        self._process.kill()
        return self._process.wait()


class _Forked:
    """A copy of this process: there at once, with all that was imported."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        with theirs:
            self._process = get_context("fork").Process(target=self._main, args=(theirs,), daemon=True)
            self._process.start()
        assert self._process.pid is not None, "it was started"
        self.pid = self._process.pid

    def _main(self, theirs: socket.socket) -> None:
        self.socket.close()
        _main(theirs.detach())

    def end(self) -> int | None:
        """See ``_Spawned``."""
        self.socket.close()
        self._process.kill()
        self._process.join()
        return self._process.exitcode


_ahead: list[_Forked] = []


def start_ahead() -> None:
    """Have the process of the next log now, while this one is young: a fork is safe before there are threads."""
    if sys.platform == "linux" and threading.active_count() == 1 and not _ahead:
        # Arrow imports it in both processes, for their first array.
        import numpy.ma  # noqa: F401

        _ahead.append(_Forked())


def _shared_memory(directory: Path) -> BinaryIO:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("paddock"), "w+b")
    return cast(BinaryIO, tempfile.TemporaryFile(dir=directory))


def _serve(connection: Connection, writer: SpoolWriter, memory: mmap.mmap) -> None:
    """Do what the other process asks for, until it is gone."""
    schemas: list[Schema] = []
    while True:
        name, *values = connection.recv()
        if name == "schema":
            schemas += values
        elif name == "define":
            channel, number, *rest = values
            writer.define(Definition(channel, None if number is None else schemas[number]), *rest)
        elif name == "finish":
            connection.send(writer.finish())
        else:
            part, said, is_oversized = values
            oversized = connection.recv_bytes() if is_oversized else None
            if name == "write":
                batch = Batch(memory, MEMORY_BYTES * part)
                batch.take_in(said, oversized)
                messages, contents = writer.sorted(batch)
                connection.send(part)
                writer.write_sorted(messages, contents, oversized)
            else:
                writer.write_sorted(Sorted(memory, MEMORY_BYTES * part), said, oversized)
                connection.send(part)


def _main(socket_fd: int) -> None:
    # Ctrl-C is for the process that the user sees; when it ends, this one does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    do_without_pandas()
    keep_freed_memory()
    pa.set_memory_pool(pa.system_memory_pool())
    with socket.socket(fileno=socket_fd) as commands:
        _, fds, _, _ = socket.recv_fds(commands, 1, 2)
        if not fds:  # No log needed it.
            return
        connection = Connection(commands.detach())
    spool_fd, shared_fd = fds
    file = cast(BinaryIO, os.fdopen(spool_fd, "wb", buffering=0))
    memory = mmap.mmap(shared_fd, MEMORY_BYTES * _SHARED)
    try:
        _serve(connection, SpoolWriter(SpoolFile(file), connection.recv()), memory)
    except (EOFError, ConnectionResetError):
        return
    except Exception as error:
        with contextlib.suppress(OSError):
            connection.send(error)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
