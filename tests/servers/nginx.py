"""nginx over a folder, as a plain file server of a car: on loopback, or on a machine of ``link.py``."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.daemon import Daemon, free_port
from tests.servers.namespaces import Machine

CONFIGURATION = """\
daemon off; master_process off; pid none; error_log {log};
events {{ worker_connections 256; }}
http {{
    access_log off; charset utf-8; client_body_temp_path {folder}/body;
    server {{ listen {address}:{port}; location / {{ root {served}; autoindex on; {autoindex} }} }}
}}
"""


class NginxServer(Daemon):
    """A server that may be killed and started again; it is one process.

    Args:
        folder: for its log.
        served: what it shows.
        machine: where it runs; this one where None.
        address: that it listens at.
        json: whether it lists folders as JSON instead of as a page.
    """

    def __init__(
        self,
        folder: Path,
        served: Path,
        machine: Machine | None = None,
        address: str = "127.0.0.1",
        *,
        json: bool = False,
    ) -> None:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            pytest.skip("nginx is not installed")
        port = free_port() if machine is None else 80
        folder.mkdir(parents=True, exist_ok=True)
        log, configuration = folder / "nginx.log", folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(
                log=log,
                folder=folder,
                served=served,
                address=address,
                port=port,
                autoindex="autoindex_format json;" if json else "",
            )
        )
        super().__init__([nginx, "-c", configuration, "-e", log], log, address, port, machine)
        self.url = f"http://{address}/" if port == 80 else f"http://{address}:{port}/"


@contextlib.contextmanager
def running(
    folder: Path, served: Path, machine: Machine | None = None, address: str = "127.0.0.1", *, json: bool = False
) -> Iterator[NginxServer]:
    """Args: as for the server."""
    server = NginxServer(folder, served, machine, address, json=json)
    server.start()
    try:
        yield server
    finally:
        server.kill()
