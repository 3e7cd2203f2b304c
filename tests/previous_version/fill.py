"""Fills a Paddock of the previous version through that version's own client: ``fill.py URL FOLDER_OF_LOGS``.

It is run by the code of the previous version and knows nothing else.
"""

from __future__ import annotations

import sys
from pathlib import Path

from paddock import Client


def main(url: str, logs: Path) -> None:
    """Logs of every kind, and what people did with them; the last upload is left to itself."""
    paddock = Client(url)
    whole = paddock.upload(logs / "whole.mcap", metadata={"event": "Endurance"}).wait()
    damaged = paddock.upload(logs / "damaged.mcap").wait()
    driven = paddock.upload(logs / "driven.mcap", metadata={"driver": "Mei"}).wait()
    deleted = paddock.upload(logs / "deleted.mcap").wait()
    paddock.upload(logs / "silent.mcap")  # which fails
    whole.edit(notes="gusty on the back straight")
    whole = whole.refresh().edit(driver="Adam B.")
    whole.attach(logs / "setup.txt")  # type: ignore[attr-defined]  # its name then
    damaged.edit(venue="Michigan")
    whole.export("csv").wait()
    driven.export("parquet", signals=["VNData.vn_vel_m_s.*"]).wait()
    paddock.export_many([whole, damaged], "mat", layout="hytech-v2").wait()
    driven.reprocess().wait()
    deleted.delete()
    paddock.upload(logs / "last.mcap")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
