"""Off the car and into the cloud, beside rsync and a single stream: ``python -m tests.benchmarks.offload``.

As root. Car, base station and cloud are network namespaces; the cloud is ``paddock up`` whose logs lie in an S3
server (versitygw). Each turn takes new logs off the car over OpenSSH and into the cloud, once by ``paddock offload
--once``, which ends when the cloud has proved every hash, and once by ``rsync`` and then ``curl`` with one stream
per log into the same S3 server, which prove nothing. One link is as fast as the kernel's; another loses 3 % of the
packets each way, and a round trip takes 100 ms. Congestion control is the namespaces' (cubic, where they may).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.adapters import s3_sides
from tests.basestation.cars import SftpCar
from tests.basestation.faults import write
from tests.basestation.trackside import Trackside
from tests.servers import versitygw
from tests.servers.link import machines
from tests.servers.versitygw import REGION, S3Server

BUCKET = "paddock"
MIB = 1024 * 1024
LOSS, DELAY_MS = 0.03, 50


def run(name: str, folder: Path, sizes: Sequence[int], turns: int, *, clean: bool) -> None:
    """Print the seconds of each turn of both, and the ratio of their medians."""
    with machines("car", "base", "cloud") as three:
        here = Trackside(folder, *three, clean=clean)
        with versitygw.running_on(here.cloud, here.cloud_address, folder / "s3") as store:
            here.cloud.within(lambda: s3_sides.client(store).create_bucket(Bucket=BUCKET))
            here.start_cloud(**_settings(store))
            if not clean:
                here.pit.set(loss=LOSS, delay_ms=DELAY_MS)
                here.uplink.set(loss=LOSS, delay_ms=DELAY_MS)
            ours, theirs = [], []
            for turn in range(turns):
                here.begin(f"turn{turn}")
                for number, size_bytes in enumerate(sizes):
                    write(here, f"{number}.mcap", size_bytes)
                car = SftpCar(here)
                car.start()
                theirs.append(_rsync_and_stream(here, car, store))
                ours.append(_offload(here, car))
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


def _offload(here: Trackside, car: SftpCar) -> float:
    begun = time.monotonic()
    code = here.offload_once("--source", car.place, hang_guard_s=1200)
    took_s = time.monotonic() - begun
    assert code == 0, here.said()[-3000:]
    return took_s


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
    parser.add_argument("--clean-mib", type=int, default=240, help="size of all logs over the clean link")
    parser.add_argument("--lossy-mib", type=int, default=9, help="size of all logs over the lossy link")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clean = [given.clean_mib * MIB // 8] * 8
        run("clean", Path(folder) / "clean", clean, given.turns, clean=True)
        lossy = [given.lossy_mib * MIB // 3] * 3
        run("3 % loss, 100 ms", Path(folder) / "lossy", lossy, given.turns, clean=False)


if __name__ == "__main__":
    main()
