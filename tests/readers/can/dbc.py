"""DBC files for tests: those handed to us, where they are, and small ones with all that a database may have."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

LOGS = Path(os.environ.get("PADDOCK_TEST_LOGS") or Path(__file__).resolve().parents[4] / "shared/data/car-logs")
FOLDER = LOGS.parent / "can"
"""CAN logs and databases from public repositories, beside the real logs."""

SMALL = """VERSION ""

NS_ :
    CM_
    BA_DEF_
    SG_MUL_VAL_

BS_:

BU_: ECU Dash

BO_ 256 Engine: 8 ECU
 SG_ Rpm : 0|16@1+ (1,0) [0|16000] "rpm" Dash
 SG_ Water : 16|8@1- (0.5,-40) [-40|87.5] "degC" Dash
 SG_ Gear : 24|4@1+ (1,0) [0|6] "" Dash
 SG_ Running : 28|1@1+ (1,0) [0|1] "" Dash
 SG_ Lambda : 39|16@0+ (0.001,0) [0|65] "" Dash

BO_ 2365583432 Battery: 8 ECU
 SG_ Page M : 0|8@1+ (1,0) [0|3] "" Dash
 SG_ Cell m0 : 8|16@1+ (0.001,0) [0|5] "V" Dash
 SG_ Cell m1 : 24|16@1+ (0.001,0) [0|5] "V" Dash
 SG_ Fault m2 : 8|8@1+ (1,0) [0|255] "" Dash

BO_ 512 Pressure: 8 ECU
 SG_ Front : 0|32@1- (1,0) [0|0] "bar" Dash
 SG_ Rear : 32|32@1- (1,0) [0|0] "bar" Dash

CM_ BO_ 256 "What the engine does,
over two lines";
CM_ SG_ 256 Rpm "Of the \\"crank\\"";
VAL_ 256 Gear 0 "Neutral" 1 "First" 2 "Second" ;
SIG_VALTYPE_ 512 Front : 1;
SIG_VALTYPE_ 512 Rear : 1;
"""


def as_cantools_reads(path: Path) -> Any:
    """The database of a DBC file by the reference; None where it refuses the file."""
    import cantools

    content = path.read_bytes()
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    try:
        with warnings.catch_warnings(action="ignore"):
            return cantools.database.load_file(path, strict=False, encoding=encoding)
    except (cantools.Error, ValueError, KeyError):
        return None


def handed() -> list[Path]:
    """All DBC files of the folder."""
    return sorted(path for path in FOLDER.rglob("*") if path.suffix.lower() == ".dbc")
