"""Logs off a real OpenSSH server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from paddock.basestation.sources.opening import open_source
from paddock.basestation.sources.place import SshLogin
from paddock.basestation.sources.sftp import SftpSource
from paddock.basestation.sources.source import SeenFile, Source
from paddock.errors import Conflict, NotFound, PaddockError, Rejected, Unavailable
from tests.servers import openssh
from tests.servers.openssh import OpenSshServer, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSshServer]:
    """It goes on between tests; who kills it starts it again."""
    with running(tmp_path_factory.mktemp("ssh")) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody's keys but the tests'."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return folder


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


Open = Callable[..., SftpSource]


@pytest.fixture
def opened(server: OpenSshServer, home: Path, logs: Path) -> Open:
    """A source that the car lets in, and whose host key is known."""
    (home / ".ssh/known_hosts").write_text(server.known_hosts.read_text())

    def open_it(
        path: Path | str = logs, *, key: Path | None = server.client_key, accept: bool = False
    ) -> SftpSource:
        source = open_source(server.url(path), SshLogin(key, accept))
        assert isinstance(source, SftpSource)
        return source

    return open_it


async def look(source: Source) -> dict[str, SeenFile]:
    return {seen.name: seen for seen in await source.look()}


async def pull(source: Source, seen: SeenFile, offset: int = 0) -> bytes:
    return b"".join([piece async for piece in source.read(seen, offset)])


def put(file: Path, size_bytes: int, modified_s: int = 100) -> bytes:
    data = random.Random(os.fsencode(file)).randbytes(size_bytes)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    os.utime(file, (modified_s, modified_s))
    return data


@pytest.mark.anyio
async def test_logs_are_seen_in_all_folders_under_any_name(opened: Open, logs: Path) -> None:
    names = ["1.mcap", "Lauf süß.MCAP", "two\nlines.mcap", "-rf.mcap", "day/session 2/1.mcap", "'quoted\".mcap"]
    names.append(os.fsdecode(b"latin-\xfc.mcap"))
    data = {name: put(logs / name, 1000 + number, number) for number, name in enumerate(names)}
    for other in (".hidden.mcap", ".trash/1.mcap", "lost+found/1.mcap", "notes.txt", "1.mcap.part"):
        put(logs / other, 10)
    source = opened()
    seen = await look(source)
    assert sorted(seen) == sorted(names)
    for number, name in enumerate(names):
        assert (seen[name].size_bytes, seen[name].modified_ns) == (1000 + number, number * 10**9)
        assert await pull(source, seen[name]) == data[name]
    await source.close()


@pytest.mark.anyio
async def test_links_are_followed_to_what_is_not_seen_anyway(opened: Open, logs: Path) -> None:
    put(logs / "1.mcap", 10)
    put(logs / "store/raw.bin", 20)
    put(logs.parent / "elsewhere.mcap", 30)
    for name, target in {
        "current.mcap": "1.mcap",
        "raw.mcap": "store/raw.bin",
        "out.mcap": "../elsewhere.mcap",
        "nowhere.mcap": "gone.mcap",
        "round.mcap": "round.mcap",
        "folder.mcap": "store",
        "all": ".",
    }.items():
        (logs / name).symlink_to(target)
    source = opened()
    seen = await look(source)
    assert sorted(seen) == ["1.mcap", "raw.mcap"]
    await source.remove(seen["raw.mcap"])
    assert not (logs / "store/raw.bin").exists() and not (logs / "raw.mcap").is_symlink()
    await source.close()


@pytest.mark.anyio
async def test_a_sidecar_is_read_again_when_it_changed_and_a_bad_one_is_none(opened: Open, logs: Path) -> None:
    for number in (1, 2):
        put(logs / f"{number}.mcap", 10)
    sidecar = logs / "1.mcap.json"
    sidecar.write_text('{"metadata": {"driver": "Adam"}, "clock_offset_ns": 5}')
    (logs / "2.mcap.json").write_text("no")
    source = opened()
    seen = await look(source)
    assert (seen["1.mcap"].metadata, seen["1.mcap"].clock_offset_ns) == ({"driver": "Adam"}, 5)
    assert seen["2.mcap"].metadata == {}
    sidecar.write_text('{"metadata": {"driver": "Mei Lin"}}')
    assert (await look(source))["1.mcap"].metadata == {"driver": "Mei Lin"}
    await source.close()


@pytest.mark.anyio
async def test_thousand_small_logs_come_side_by_side(opened: Open, logs: Path) -> None:
    data = {f"{number}.mcap": put(logs / f"{number}.mcap", 2000) for number in range(1000)}
    source = opened()
    seen = await look(source)
    pulled = await asyncio.gather(*(pull(source, each) for each in seen.values()))
    assert dict(zip(seen, pulled, strict=True)) == data
    await source.close()


@pytest.mark.anyio
async def test_killed_at_any_byte_reading_goes_on_from_there(
    opened: Open, server: OpenSshServer, logs: Path
) -> None:
    data = put(logs / "1.mcap", 12_000_000)
    source, got = opened(), bytearray()
    seen = (await look(source))["1.mcap"]
    for cut in sorted(random.Random(3).sample(range(len(data)), 6)):
        with pytest.raises(Unavailable, match=r"lost|reached|not answer|listens"):
            async for piece in source.read(seen, len(got)):
                got += piece
                if len(got) > cut:
                    server.kill()
            raise Unavailable("It was read to the end before it was lost.")
        with pytest.raises(Unavailable):
            await source.look()
        server.start()
    got += await pull(source, seen, len(got))
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    await source.close()


@pytest.mark.anyio
@pytest.mark.parametrize("change", ["grows", "shrinks", "is replaced", "is written over"])
async def test_what_changes_while_it_is_read_never_passes(opened: Open, logs: Path, change: str) -> None:
    file = logs / "1.mcap"
    put(file, 20_000_000)
    source = opened()
    seen = (await look(source))["1.mcap"]
    pieces = source.read(seen, 0)
    await anext(pieces)
    if change == "grows":
        with file.open("ab") as opened_file:
            opened_file.write(b"more")
    elif change == "shrinks":
        os.truncate(file, 1_000_000)
    elif change == "is replaced":
        put(logs / "new", 20_000_000, 200)
        (logs / "new").replace(file)
    else:
        put(file, 20_000_000, 200)
    if change == "is replaced":  # what is open stays what it was
        rest = sum([len(piece) async for piece in pieces])
        assert rest < seen.size_bytes
    else:
        with pytest.raises(Conflict):
            async for _ in pieces:
                pass
    with pytest.raises(Conflict):
        await pull(source, seen)
    await source.close()


@pytest.mark.anyio
async def test_what_is_gone_is_not_found(opened: Open, logs: Path) -> None:
    put(logs / "1.mcap", 10)
    source = opened()
    seen = (await look(source))["1.mcap"]
    (logs / "1.mcap").unlink()
    with pytest.raises(NotFound):
        await pull(source, seen)
    with pytest.raises(NotFound):
        await source.remove(seen)
    assert await source.look() == []
    await source.close()


@pytest.mark.anyio
async def test_removes_what_it_saw_and_nothing_else(opened: Open, logs: Path) -> None:
    put(logs / "1.mcap", 10)
    put(logs / "1.mcap.json", 10)
    put(logs / "2.mcap", 10)
    source = opened()
    seen = await look(source)
    put(logs / "2.mcap", 11)
    await source.remove(seen["1.mcap"])
    with pytest.raises(Conflict):
        await source.remove(seen["2.mcap"])
    assert sorted(each.name for each in logs.iterdir()) == ["2.mcap"]
    await source.close()


@pytest.mark.anyio
async def test_the_car_hashes_the_beginning_of_a_log_that_grew(opened: Open, logs: Path) -> None:
    name = os.fsdecode(b"it's \xfc\n$(touch x).mcap")
    data = put(logs / name, 5000)
    source = opened()
    seen = (await look(source))[name]
    assert await source.beginning_sha256(seen, 1234) == hashlib.sha256(data[:1234]).hexdigest()
    assert (await source.free_bytes() or 0) > 0
    await source.close()


@pytest.mark.anyio
async def test_a_host_that_nobody_knows_is_refused_until_its_key_is_accepted(
    opened: Open, server: OpenSshServer, home: Path, logs: Path
) -> None:
    known = home / ".ssh/known_hosts"
    known.write_text(
        "other.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL0KAfDdRDlQsL9UPuQJQGm5a9Kd7vH7lVyzUzqPRjVu"
    )
    before = known.read_text()
    with pytest.raises(Rejected, match="SHA256:") as refused:
        await opened().look()
    assert refused.value.code == "host_key_unknown"
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> ~/.ssh/known_hosts" in refused.value.message
    assert "--accept-host-key" in refused.value.message
    assert known.read_text() == before
    source = opened(accept=True)
    assert await source.look() == []
    await source.close()
    assert known.read_text() == before + "\n" + server.known_hosts.read_text()
    source = opened()
    assert await source.look() == []
    await source.close()


@pytest.mark.anyio
async def test_a_host_key_that_changed_is_refused_whatever_is_accepted(
    opened: Open, server: OpenSshServer, home: Path, logs: Path
) -> None:
    put(logs / "1.mcap", 10)
    source = opened()
    await source.look()
    before = server.known_hosts.read_text()
    server.kill()
    server.new_host_key()
    server.start()
    for another in (source, opened(accept=True)):
        (home / ".ssh/known_hosts").write_text(before)
        with pytest.raises(Rejected, match="another host key than before") as refused:
            for _ in range(2):  # the first may notice only that the connection is lost
                try:
                    await another.look()
                except Unavailable:
                    continue
        assert refused.value.code == "host_key_changed"
        assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in refused.value.message
        assert (home / ".ssh/known_hosts").read_text() == before
        await another.close()


@pytest.mark.anyio
async def test_a_key_that_the_car_does_not_take(opened: Open, home: Path, tmp_path: Path) -> None:
    other, locked = tmp_path / "other", tmp_path / "locked"
    for file, passphrase in ((other, ""), (locked, "secret")):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", file]
        subprocess.run(make, check=True, capture_output=True)
    for key, says in {
        None: "ssh-copy-id",
        other: "does not let root in",
        locked: "ssh-add",
        home / "missing": "cannot be read",
        home / ".ssh/known_hosts": "no private key",
    }.items():
        with pytest.raises(Rejected, match=says) as refused:
            await opened(key=key).look()
        assert refused.value.code == "ssh_key"


@pytest.mark.anyio
async def test_the_key_of_the_home_folder_is_found(opened: Open, server: OpenSshServer, home: Path) -> None:
    (home / ".ssh/id_ed25519").write_bytes(server.client_key.read_bytes())
    source = opened(key=None)
    assert await source.look() == []
    await source.close()


@pytest.mark.anyio
async def test_places_that_are_none(opened: Open, logs: Path) -> None:
    put(logs / "1.mcap", 10)
    for path, error, says in (
        (logs / "missing", Unavailable, "There is no folder"),
        (logs / "1.mcap", Rejected, "is no folder"),
    ):
        source = opened(path)
        with pytest.raises(error, match=says):
            await source.look()
        await source.close()


@pytest.mark.anyio
async def test_the_users_home_is_written_with_a_tilde(opened: Open, server: OpenSshServer) -> None:
    source = open_source(
        f"sftp://{server.user}@127.0.0.1:{server.port}/~/no-such-folder", SshLogin(server.client_key)
    )
    with pytest.raises(Unavailable, match="no folder no-such-folder on"):
        await source.look()
    await source.close()


@pytest.mark.anyio
async def test_nobody_listens(server: OpenSshServer, home: Path) -> None:
    for url, says in (
        ("sftp://root@127.0.0.1:1/logs", "no SSH server listens"),
        ("sftp://root@no-such-car.invalid/logs", "No computer named"),
    ):
        with pytest.raises(PaddockError, match=says) as refused:
            await open_source(url).look()
        assert not refused.value.permanent


@pytest.mark.anyio
async def test_a_server_without_sftp_says_what_it_lacks(
    tmp_path: Path, home: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = openssh.CONFIGURATION.replace("Subsystem sftp internal-sftp\n", "")
    monkeypatch.setattr(openssh, "CONFIGURATION", without)
    with running(tmp_path / "ssh") as server:
        source = open_source(server.url(logs), SshLogin(server.client_key, accept_host_key=True))
        with pytest.raises(Rejected, match="Subsystem sftp internal-sftp") as refused:
            await source.look()
        assert refused.value.code == "no_sftp"
        await source.close()


@pytest.mark.anyio
async def test_a_login_for_sftp_alone_reads_and_hashes_nothing(
    tmp_path: Path, home: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = put(logs / "1.mcap", 5000)
    monkeypatch.setattr(openssh, "CONFIGURATION", openssh.CONFIGURATION + "ForceCommand internal-sftp -R\n")
    with running(tmp_path / "ssh") as server:
        source = open_source(server.url(logs), SshLogin(server.client_key, accept_host_key=True))
        (seen,) = await source.look()
        assert await pull(source, seen) == data
        assert await source.beginning_sha256(seen, 10) is None
        with pytest.raises(Unavailable, match="cannot be removed"):  # it is read-only
            await source.remove(seen)
        assert await pull(source, seen, 4000) == data[4000:]
        await source.close()


@pytest.mark.anyio
async def test_a_server_that_forbids_some_requests_is_read_all_the_same(
    tmp_path: Path, home: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = put(logs / "1.mcap", 5000)
    forbids = openssh.CONFIGURATION.replace("internal-sftp", "internal-sftp -P realpath,statvfs")
    monkeypatch.setattr(openssh, "CONFIGURATION", forbids)
    (logs / "link.mcap").symlink_to("1.mcap")
    with running(tmp_path / "ssh") as server:
        source = open_source(server.url(logs), SshLogin(server.client_key, accept_host_key=True))
        seen = await look(source)
        assert await pull(source, seen["1.mcap"]) == data
        assert await source.free_bytes() is None
        await source.close()
