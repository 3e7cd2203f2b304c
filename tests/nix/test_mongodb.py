"""MongoDB's keys and users, cut off at every step; on an imitation of its server (``mongod.py``)."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from pymongo.errors import PyMongoError

from paddock.adapters.mongodb import MongoDocuments
from tests.conftest import REPOSITORY
from tests.nix.mongod import Data, Mongod

KEYS = REPOSITORY / "nix" / "mongodb-keys.sh"
USERS = {
    "admin.admin": ("admin", {("userAdmin", "paddock")}),
    "paddock.site": ("site", {("readWrite", "paddock")}),
    "paddock.functions": ("functions", {("readWrite", "paddock")}),
    "paddock.backup": ("backup", {("read", "paddock")}),
}

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="apt install openssl")


def make_keys(folder: Path, addresses: str = "127.0.0.1 10.20.0.10", path: str = "") -> int:
    folder.mkdir(exist_ok=True)
    environment = {"STATE_DIRECTORY": str(folder), "ADDRESSES": addresses, "PORT": "27017"}
    search = f"{path}{os.pathsep}{os.environ['PATH']}" if path else os.environ["PATH"]
    made = subprocess.run(
        ["bash", KEYS], env={**environment, "PATH": search}, capture_output=True, text=True, check=False
    )
    return made.returncode


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def openssl(*arguments: str | Path) -> str:
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout


def check_whole(folder: Path) -> None:
    for each in folder.iterdir():
        assert each.stat().st_mode & 0o077 == 0, each
        assert not each.name.startswith("."), "nothing half made is left"
    openssl("verify", "-CAfile", folder / "ca.pem", "-verify_ip", "10.20.0.10", folder / "server.pem")
    openssl("verify", "-CAfile", folder / "ca.pem", "-verify_ip", "127.0.0.1", folder / "server.pem")
    assert re.fullmatch(rb"[A-Za-z0-9+/=\n]{6,1040}", (folder / "key").read_bytes()), "as MongoDB wants it"
    for user, host in (("site", "127.0.0.1"), ("functions", "10.20.0.10"), ("backup", "127.0.0.1")):
        password = (folder / user).read_text().strip()
        url, _, certificate = (folder / f"{user}-url").read_text().partition("\n")
        assert url == f"mongodb://{user}:{password}@{host}:27017/paddock?tls=true&directConnection=true"
        assert certificate == (folder / "ca.pem").read_text()


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    assert make_keys(keys) == 0
    check_whole(keys)
    before = contents(keys)
    assert make_keys(keys) == 0
    assert contents(keys) == before


def test_another_address_has_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    make_keys(keys, "127.0.0.1")
    before = contents(keys)
    make_keys(keys)
    check_whole(keys)
    changed = {name for name, content in contents(keys).items() if before[name] != content}
    assert changed == {"server.pem", "server.names", "functions-url"}


def test_keys_that_were_cut_off_at_any_step_are_made_whole_by_the_next_start(tmp_path: Path) -> None:
    """Each file appears by one ``mv``; here each of them in turn is the last thing that happens."""
    shim = tmp_path / "bin" / "mv"
    shim.parent.mkdir()
    shim.write_text(
        '#!/bin/sh\nn=$(cat "$0.left"); [ "$n" -gt 0 ] || exit 1\necho $((n - 1)) >"$0.left"\n'
        f'exec {shutil.which("mv")} "$@"\n'
    )
    shim.chmod(0o755)
    for steps in range(20):
        keys = tmp_path / str(steps)
        shim.with_name("mv.left").write_text(str(steps))
        if make_keys(keys, path=str(shim.parent)) == 0:
            break
        assert make_keys(keys) == 0
        check_whole(keys)
    assert steps == 12, "one for each file"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mongodb") / "keys"
    assert make_keys(folder) == 0
    return folder


@pytest.fixture(scope="module")
def init() -> Iterator[ModuleType]:
    """It looks again after shorter pauses, and so does its client, which may not ask twice within half a second."""
    found = importlib.util.spec_from_file_location("mongodb_init", REPOSITORY / "nix" / "mongodb_init.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAUSE_S", 0.01)
        patch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)
        yield module


@contextmanager
def mongod(keys: Path, data: Data, dies_after: int | None = None) -> Iterator[Mongod]:
    server = Mongod(data, keys / "server.pem", dies_after)
    try:
        yield server
    finally:
        server.close()


def test_the_functions_user_and_database_are_those_that_infra_names(init: ModuleType) -> None:
    named = json.loads((REPOSITORY / "nix" / "names.json").read_text())["mongodb"]
    assert named["functionsUser"] in init.RIGHTS
    assert named["database"] == init.DATABASE


def check_ready(data: Data, keys: Path) -> None:
    assert data.set_name == "paddock"
    assert data.users == {
        name: {"password": (keys / file).read_text().strip(), "roles": roles}
        for name, (file, roles) in USERS.items()
    }


def test_a_new_database_gets_its_set_and_users_and_a_second_time_nothing_changes(
    keys: Path, init: ModuleType
) -> None:
    with mongod(keys, data := Data()) as server:
        init.main(keys, server.port)
        check_ready(data, keys)
        init.main(keys, server.port)
        check_ready(data, keys)


def test_killed_after_any_step_it_goes_on_from_there(keys: Path, init: ModuleType) -> None:
    for steps in range(1, 40):
        with mongod(keys, data := Data(), dies_after=steps) as server:
            try:
                init.main(keys, server.port)
            except PyMongoError:
                init.main(keys, server.port)
            check_ready(data, keys)
            if not server.died:
                break
    assert steps > 8


def test_a_new_password_reaches_the_database(keys: Path, init: ModuleType, tmp_path: Path) -> None:
    copy = tmp_path / "keys"
    shutil.copytree(keys, copy)
    with mongod(copy, data := Data()) as server:
        init.main(copy, server.port)
        (copy / "functions").unlink()
        assert make_keys(copy) == 0
        init.main(copy, server.port)
        check_ready(data, copy)


def test_a_database_of_somebody_else_is_left_alone(keys: Path, init: ModuleType) -> None:
    theirs = Data("paddock", {"admin.admin": {"password": "another", "roles": {("root", "admin")}}})
    with mongod(keys, theirs) as server, pytest.raises(SystemExit, match="has users already"):
        init.main(keys, server.port)
    assert set(theirs.users) == {"admin.admin"}


@pytest.mark.anyio
async def test_the_functions_url_is_all_that_they_need_to_be_let_in(keys: Path, init: ModuleType) -> None:
    with mongod(keys, Data()) as server:
        init.main(keys, server.port)
        url = (keys / "functions-url").read_text().replace("10.20.0.10:27017", f"127.0.0.1:{server.port}").strip()
        documents = MongoDocuments(url)
        try:
            assert (await documents._client.admin.command("ping"))["ok"] == 1
        finally:
            await documents.close()
        alone = MongoDocuments(url.partition("\n")[0] + "&serverSelectionTimeoutMS=200")
        try:
            with pytest.raises(PyMongoError, match="certificate verify failed"):
                await alone._client.admin.command("ping")
        finally:
            await alone.close()
