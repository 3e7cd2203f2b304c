"""versitygw, a real S3 server in Go over a directory, built and started for the tests.

Its keys are made for one session; it listens on loopback and ends with the tests, however they end.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.servers.building import built_once
from tests.servers.daemon import Daemon, free_port
from tests.servers.namespaces import Machine

VERSION = "v1.8.0"
PACKAGE = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
REGION = "us-east-1"
PORT = 7070
"""On a machine of its own."""
_START_S = 30
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class S3Server:
    """A running server and who may do everything there."""

    endpoint: str
    access_key: str
    secret_key: str

    def environment(self) -> dict[str, str]:
        """What boto3's default chain finds these credentials by, and nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def installed() -> Path:
    """The program, built once per machine and version; skips the test where Go is missing."""
    return built_once("versitygw", VERSION, ["install", PACKAGE], environment={"GOBIN": "{folder}"})


@contextlib.contextmanager
def running(data: Path, webhook: str = "") -> Iterator[S3Server]:
    """A server that keeps its objects below ``data``, and posts S3's events to ``webhook``."""
    program = installed()
    data.mkdir(parents=True, exist_ok=True)
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    with data.with_suffix(".log").open("ab") as log:
        process, endpoint = _start(program, data, access_key, secret_key, log.fileno(), webhook)
        try:
            yield S3Server(endpoint, access_key, secret_key)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def running_on(machine: Machine, address: str, data: Path) -> Iterator[S3Server]:
    """A server on another machine, which listens at that address alone."""
    data.mkdir(parents=True, exist_ok=True)
    server = S3Server(f"http://{address}:{PORT}", secrets.token_hex(10), secrets.token_hex(20))
    keys = {"ROOT_ACCESS_KEY_ID": server.access_key, "ROOT_SECRET_ACCESS_KEY": server.secret_key}
    command: list[str | Path] = [installed(), "--port", f"{address}:{PORT}", "--region", REGION, "posix", data]
    daemon = Daemon(command, data.with_suffix(".log"), address, PORT, machine, keys)
    daemon.start()
    try:
        yield server
    finally:
        daemon.kill()


def _start(
    program: Path, data: Path, access_key: str, secret_key: str, log: int, webhook: str
) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(5):
        port = free_port()
        # Nobody else answers on a path that was just thrown: what answers there is this process.
        health = f"/{secrets.token_hex(8)}"
        events = ["--event-webhook-url", webhook] if webhook else []
        process = subprocess.Popen(
            [
                program,
                "--port",
                f"127.0.0.1:{port}",
                "--region",
                REGION,
                "--health",
                health,
                *events,
                "posix",
                data,
            ],
            # Not on the command line, where every process of the machine sees it.
            env={**os.environ, "ROOT_ACCESS_KEY_ID": access_key, "ROOT_SECRET_ACCESS_KEY": secret_key},
            stdout=log,
            stderr=log,
            preexec_fn=_end_with_parent,
        )
        endpoint = f"http://127.0.0.1:{port}"
        if _answers(process, endpoint + health):
            return process, endpoint
        process.kill()
        process.wait()
    raise AssertionError(f"versitygw does not start: see {data.with_suffix('.log')}")


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    """False when it ended, for instance because somebody took the port meanwhile."""
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return True
        time.sleep(0.05)
    return False


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def models_read_once() -> Iterator[None]:
    """botocore reads what S3 is, a megabyte of JSON, anew for each of its sessions: here once for all of them."""
    from botocore.loaders import create_loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", functools.cache(create_loader))
        yield


@pytest.fixture(scope="session")
def versitygw_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests; each takes a bucket of its own."""
    with models_read_once(), running(tmp_path_factory.mktemp("versitygw") / "data") as server:
        yield server
