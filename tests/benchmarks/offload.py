"""Off the car and into the cloud, beside rsync and a single stream: ``python -m tests.benchmarks.offload``.

As root. Car, base station and cloud are network namespaces; the logs lie on the car behind OpenSSH, and go into an
S3 server (versitygw). Each turn takes the same logs there twice, until the last byte is in the bucket: by ``paddock
offload``, whose cloud is a ``paddock up`` without a worker, because to prove and convert logs would take the
processors that both run on; and by ``rsync`` and then ``curl``, one stream per log. The links: as fast as the
kernel; 20 MB/s without a loss; and one on which 3 % of the packets are lost each way and a round trip takes 100 ms.
Congestion control is the namespaces' (cubic, where they may).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.adapters import s3_sides
from tests.basestation.cars import SftpCar
from tests.basestation.faults import write
from tests.basestation.trackside import Trackside, power_off
from tests.servers import versitygw
from tests.servers.link import machines
from tests.servers.versitygw import REGION, S3Server

BUCKET = "paddock"
MIB = 1024 * 1024


def run(name: str, folder: Path, sizes: Sequence[int], turns: int, conditions: Mapping[str, Any] | None) -> None:
    """Print the seconds of each turn of both, and the ratio of their medians.

    Args:
        name: of the links.
        folder: for all of it.
        sizes: of the logs, in bytes.
        turns: how often.
        conditions: of both links; None where they are the kernel's own.
    """
    with machines("car", "base", "cloud") as three:
        here = Trackside(folder, *three, clean=conditions is None)
        with versitygw.running_on(here.cloud, here.cloud_address, folder / "s3") as store:
            here.cloud.within(lambda: s3_sides.client(store).create_bucket(Bucket=BUCKET))
            here.start_cloud("--no-worker", **_settings(store))
            for cable in (here.pit, here.uplink):
                cable.set(**(conditions or {}))
            ours, theirs = [], []
            for turn in range(turns):
                here.begin(f"turn{turn}")
                for number, size_bytes in enumerate(sizes):
                    write(here, f"{number}.mcap", size_bytes)
                car = SftpCar(here)
                car.start()
                theirs.append(_rsync_and_stream(here, car, store))
                ours.append(_offload(here, car, len(sizes)))
                car.kill()
                print(
                    f"{name}, {here.base.congestion_control}: offload {ours[-1]:.1f} s, "
                    f"rsync and a stream {theirs[-1]:.1f} s",
                    flush=True,
                )
            here.stop_cloud()
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"{name}: {sum(sizes) / 1e6:.0f} MB in {len(sizes)} logs, offload is {ratio:.2f} times as fast", flush=True
    )


def _settings(store: S3Server) -> dict[str, str]:
    return {
        **store.environment(),
        "PADDOCK_S3_BUCKET": BUCKET,
        "PADDOCK_S3_ENDPOINT": store.endpoint,
        "PADDOCK_S3_PATH_STYLE": "true",
        "PADDOCK_AWS_REGION": REGION,
    }


def _offload(here: Trackside, car: SftpCar, count: int) -> float:
    incoming = here.folder / "s3" / BUCKET / "incoming"
    before = _count(incoming)
    begun = time.monotonic()
    process = here.start_offload("--settle", "0", "--source", car.place)
    while _count(incoming) < before + count:
        assert process.poll() is None, here.said()[-3000:]
        time.sleep(0.05)
    took_s = time.monotonic() - begun
    power_off(process)
    return took_s


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir()) if folder.exists() else 0


def _rsync_and_stream(here: Trackside, car: SftpCar, store: S3Server) -> float:
    pulled = here.here / "rsync"
    home = Path(here.environment()["HOME"]) / ".ssh"
    ssh = f"ssh -i {home / 'id_ed25519'} -o UserKnownHostsFile={home / 'known_hosts'} -o BatchMode=yes"
    names = [path.name for path in here.logs.iterdir()]

    def links() -> list[str]:
        client = s3_sides.client(store)
        where = [{"Bucket": BUCKET, "Key": f"stream/{here.here.name}/{name}"} for name in names]
        return [client.generate_presigned_url("put_object", Params=each) for each in where]

    addressed = here.cloud.within(links)
    begun = time.monotonic()
    source = f"{car.server.user}@{car.server.address}:{here.logs}/"
    here.base.run("rsync", "-a", "-e", ssh, source, f"{pulled}/", hang_guard_s=1200)
    for name, link in zip(names, addressed, strict=True):
        here.base.run("curl", "-sS", "--fail", "-T", pulled / name, link, hang_guard_s=1200)
    return time.monotonic() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--clean-mib", type=int, default=160, help="size of all logs over the clean link")
    parser.add_argument("--lossy-mib", type=int, default=20, help="size of the one log over the lossy link")
    parser.add_argument("--only", type=int, help="one link alone, from 0")
    given = parser.parse_args()
    links: list[tuple[str, int, int, Mapping[str, Any] | None]] = [
        ("as fast as the kernel", given.clean_mib, 8, None),
        ("20 MB/s", given.clean_mib, 8, {"bytes_per_s": 20e6}),
        ("3 % loss, 100 ms", given.lossy_mib, 1, {"loss": 0.03, "delay_ms": 50}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, mib, count, conditions) in enumerate(links):
            if given.only is None or given.only == number:
                run(name, Path(folder) / str(number), [mib * MIB // count] * count, given.turns, conditions)


if __name__ == "__main__":
    main()
