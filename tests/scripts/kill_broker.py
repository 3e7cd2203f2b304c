"""``python -m tests.scripts.kill_broker``: the MQTT endpoint killed with -9 at 20 moments while devices send."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

from tests.broker.killing import kill


@click.command()
@click.option("--kills", default=20, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(kills: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = kill(Path(folder), kills, seed)
    print(
        f"{kills} kills: {found.acknowledged:,} acknowledged over {found.connections} connections, "
        f"{found.entries:,} entries in the log, {found.missing} missing"
    )
    sys.exit(1 if found.missing else 0)


if __name__ == "__main__":
    main()
