"""What a season costs: ``python -m infra.cost`` prints a month's bill, line by line.

Logs come evenly over a season, so its last month costs most. Amounts of data are DESIGN.md §2's. Prices are AWS's
list prices; what AWS gives every account every month, for good, is taken off and shown. What it gives new accounts
for a while (credits, a first free year) is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.config import Config

PRICES_OF = "us-east-1, on demand, before tax, November 2026"

HOUR_OF_HOST = 0.0168  # t4g.small, Linux
HOUR_OF_ADDRESS = 0.005  # a public IPv4 address, in use or not
VOLUME_GB = 0.08  # gp3
SNAPSHOT_GB = 0.05  # standard tier, changed blocks only
S3_FREQUENT_GB = 0.023  # Standard, and Intelligent-Tiering's first 30 days
S3_INFREQUENT_GB = 0.0125  # untouched for 30 days
S3_ARCHIVE_INSTANT_GB = 0.004  # untouched for 90 days
S3_MONITORING = 0.0025 / 1_000  # an object in Intelligent-Tiering, each month
S3_TRANSITION = 0.01 / 1_000  # an object into Intelligent-Tiering, once
S3_PUT = 0.005 / 1_000  # also POST, COPY, LIST
S3_GET = 0.0004 / 1_000
TRANSFER_OUT_GB = 0.09  # to the Internet
LAMBDA_GB_S = 0.0000133334  # arm64
LAMBDA_CALL = 0.20 / 1e6
SQS_REQUEST = 0.40 / 1e6
ALARM = 0.10
METRIC = 0.30  # custom: each name with each set of dimensions
LOG_GB = 0.50  # CloudWatch Logs, taken in
IMAGE_GB = 0.10  # ECR

FREE_TRANSFER_GB = 100
FREE_LAMBDA_GB_S = 400_000
FREE_LAMBDA_CALLS = 1e6
FREE_SQS_REQUESTS = 1e6
FREE_ALARMS = 10
FREE_METRICS = 10
FREE_LOG_GB = 5

HOURS = 730
SEASON_MONTHS = 9
LOGS = 2_000
PEOPLE = 15

COLUMNS_PER_RAW = 0.5
"""Bytes of Parquet columns for one byte of log."""
MAT_PER_RAW = 1.6
"""Bytes of the default .mat for one byte of log: not compressed, 80 bytes for a message that took 50 in the log."""
EXPORTS_PER_RAW = 0.2
"""Bytes of what people have exported on demand for one byte of log."""
OBJECTS_PER_LOG = 105
"""100 channels' columns, the original, the .mat, some exports."""
LARGE_OBJECTS_PER_LOG = 50
"""Those over 128 KiB, which Intelligent-Tiering takes."""
INGEST_S = 90
"""Hash, copy, convert and write: 1 M messages/s decoded, and the rest of the way."""
EXPORTS_PER_PERSON = 40
EXPORT_S = 30
DOWNLOAD_GB_PER_PERSON = 4
POLLERS = 5
"""Lambda polls each queue with this many long polls of 20 s, work or not."""
SNAPSHOTS_GB = 4
"""MongoDB's 1 to 2 GB (2,000 recordings of 1,200 signals), and what a week changes."""
BACKUPS_GB = 2.25
"""A week's dailies and those removed in the last week, four weeklies, nine ever larger monthlies: a season's 2.4 M
documents are some 100 MB."""
IMAGES_GB = 1.5
"""Three releases; the two functions share all layers but the last. ``cdk gc`` removes older ones."""


@dataclass(frozen=True)
class Line:
    """One line of a bill."""

    what: str
    amount: float
    unit: str
    price_usd: float
    free: float = 0

    @property
    def list_usd(self) -> float:
        """Without what is free."""
        return self.amount * self.price_usd

    @property
    def usd(self) -> float:
        """To be paid."""
        return max(0.0, self.amount - self.free) * self.price_usd


def stored_per_month_gb(season_gb: float) -> float:
    """What a month of the season adds to the bucket: logs and what is derived from them."""
    return season_gb * (1 + COLUMNS_PER_RAW + MAT_PER_RAW + EXPORTS_PER_RAW) / SEASON_MONTHS


def bill(season_gb: float, month: int = SEASON_MONTHS, config: Config | None = None) -> list[Line]:
    """One month of a season (the first is 1) of so many GB of logs."""
    config = config or Config()
    logs = LOGS / SEASON_MONTHS
    exports = PEOPLE * EXPORTS_PER_PERSON
    # In months of data, as they lie in the middle of the month: the newest month's is in use, the two before it
    # rest, the others have not been touched for 90 days.
    stored = month - 0.5
    frequent, infrequent = min(stored, 1), min(max(stored - 1, 0), 2)
    archived = stored - frequent - infrequent
    month_gb = stored_per_month_gb(season_gb)
    return [
        Line("EC2: t4g.small", HOURS, "h", HOUR_OF_HOST),
        Line("EC2: public IPv4 address", HOURS, "h", HOUR_OF_ADDRESS),
        Line("EBS: root and data volume", config.root_volume_gib + config.data_volume_gib, "GB", VOLUME_GB),
        Line("EBS: nightly snapshots", SNAPSHOTS_GB, "GB", SNAPSHOT_GB),
        Line("S3: up to 30 days old", frequent * month_gb, "GB", S3_FREQUENT_GB),
        Line("S3: 30 to 90 days old", infrequent * month_gb, "GB", S3_INFREQUENT_GB),
        Line("S3: older", archived * month_gb, "GB", S3_ARCHIVE_INSTANT_GB),
        # What left incoming/ for raw/ stays a week.
        Line("S3: kept for undo", season_gb / SEASON_MONTHS * 7 / 30, "GB", S3_FREQUENT_GB),
        Line("S3: backups of the documents", BACKUPS_GB, "GB", S3_FREQUENT_GB),
        Line("S3: monitored objects", logs * stored * LARGE_OBJECTS_PER_LOG, "", S3_MONITORING),
        Line("S3: tiered objects", logs * LARGE_OBJECTS_PER_LOG, "", S3_TRANSITION),
        Line("S3: writes", logs * 2 * OBJECTS_PER_LOG, "", S3_PUT),
        Line("S3: reads", logs * 1_000 + PEOPLE * 10_000, "", S3_GET),
        Line("Transfer to the Internet", PEOPLE * DOWNLOAD_GB_PER_PERSON, "GB", TRANSFER_OUT_GB, FREE_TRANSFER_GB),
        Line(
            "Lambda: memory and time",
            (logs * INGEST_S + exports * EXPORT_S) * config.function_memory_mib / 1024,
            "GB·s",
            LAMBDA_GB_S,
            FREE_LAMBDA_GB_S,
        ),
        # S3 tells of a multipart upload once or twice.
        Line("Lambda: calls", 2 * logs + exports, "", LAMBDA_CALL, FREE_LAMBDA_CALLS),
        Line("SQS: polls", 2 * POLLERS * HOURS * 3600 / 20, "", SQS_REQUEST, FREE_SQS_REQUESTS),
        Line("CloudWatch: alarms", 5, "", ALARM, FREE_ALARMS),
        Line("CloudWatch: own metrics", 8, "", METRIC, FREE_METRICS),
        Line("CloudWatch: logs", 1, "GB", LOG_GB, FREE_LOG_GB),
        Line("ECR: images", IMAGES_GB, "GB", IMAGE_GB),
    ]


def total_usd(lines: list[Line]) -> float:
    """What is to be paid."""
    return sum(line.usd for line in lines)


def season_usd(season_gb: float) -> float:
    """A month's mean over the season."""
    months = range(1, SEASON_MONTHS + 1)
    return sum(total_usd(bill(season_gb, month)) for month in months) / SEASON_MONTHS


def kept_season_usd(season_gb: float) -> float:
    """What each earlier season that is kept adds to a month."""
    stored_gb = stored_per_month_gb(season_gb) * SEASON_MONTHS
    return stored_gb * S3_ARCHIVE_INSTANT_GB + LOGS * LARGE_OBJECTS_PER_LOG * S3_MONITORING


def table(season_gb: float) -> str:
    """The last month's bill as text, and what else one should know."""
    lines = bill(season_gb)
    rows = [f"A season of {LOGS:,} logs, {season_gb:.0f} GB ({PRICES_OF})", ""]
    rows.append(f"{'its last month':28}{'amount':>12} {'':5}{'free':>10}{'dollars':>10}")
    for line in lines:
        free = f"{line.free:,.0f}" if line.free else ""
        rows.append(f"{line.what:28}{line.amount:>12,.0f} {line.unit:5}{free:>10}{line.usd:>10.2f}")
    for what, usd in {
        "Total": total_usd(lines),
        "A month's mean over the season": season_usd(season_gb),
        "The last month if nothing were free": sum(line.list_usd for line in lines),
        "Each earlier season kept adds": kept_season_usd(season_gb),
    }.items():
        rows.append(f"{what:56}{usd:>10.2f}")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(60), table(130), table(200), sep="\n\n")
