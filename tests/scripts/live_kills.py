"""``python -m tests.scripts.live_kills``: site, MQTT endpoint and recorder killed with -9 while devices send."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from tests.cli.live_killing import kill_live


@click.command()
@click.option("--kills", default=20, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(kills: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = kill_live(Path(folder), kills, seed)
    killed = ", ".join(f"{target} {count}" for target, count in sorted(found.kills.items()))
    print(
        f"killed: {killed}; {found.acknowledged:,} messages acknowledged, {found.recorded:,} in "
        f"{found.recordings} recordings, {found.missing} missing, {found.twice} twice"
    )
    sys.exit(1 if found.missing or found.twice else 0)


if __name__ == "__main__":
    main()
