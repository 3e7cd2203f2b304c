"""What differs from team to team, as one typed value. The defaults synthesize offline, without an account."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs import Node

CONTEXT_PREFIX = "paddock:"
PLACEHOLDERS = {
    "email": "team@example.org",
    "nixos_ami": "ami-00000000000000000",
    "flake": "github:team/paddock",
}
"""Defaults that let the app synthesize but are of no use in an account; ``app.py`` warns about them."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """One deployment. Every field may be set as ``paddock:<field>`` in the context of ``cdk.json`` or by ``-c``."""

    email: str = PLACEHOLDERS["email"]
    """Where alarms and the budget write to."""
    region: str = "us-east-1"
    availability_zone: str = "us-east-1a"
    """Where host, volume and functions live; it must offer the instance type (see README)."""
    flake: str = PLACEHOLDERS["flake"]
    """The team's copy of this repository, as Nix names it; the new machine switches to its ``cloud``."""
    instance_type: str = "t4g.small"
    """An arm64 type with at least 2 GiB: MongoDB takes 0.5, the site and its worker 0.5 to 1."""
    nixos_ami: str = PLACEHOLDERS["nixos_ami"]
    """A NixOS arm64 image of the region. Written down, not looked up: a newer one would replace the host."""
    root_volume_gib: int = 16
    """The system and its last generations; rebuilt from the flake, so never backed up."""
    data_volume_gib: int = 16
    """MongoDB, the VPN's keys, and room for the worker to convert what is too large for a function."""
    snapshots_kept: int = 7
    """Nightly snapshots of the data volume."""
    concurrency: int = 4
    """How many logs, and how many exports, are worked on at once. Bounded by MongoDB's 2 GiB host."""
    function_memory_mib: int = 3008
    """1.7 processors: the reader, and the thread that compresses. Also the most that a new account may ask for."""
    reserve_concurrency: bool = True
    """False while a new account's limit of 10 concurrent functions stands: AWS then refuses a reservation."""
    query_gib: int = 50
    """The most that one query in Athena may read; at 5 dollars a TiB these are a quarter of a dollar."""
    budget_usd: int = 25
    """Dollars a month; an e-mail comes at 80 % of it spent and when the forecast passes it."""

    def __post_init__(self) -> None:
        if not self.availability_zone.startswith(self.region):
            raise ValueError(f"availability_zone {self.availability_zone} is not in region {self.region}")
        if not re.fullmatch(r"[\w+.-]+:[\w+.:/?=&%@~-]+", self.flake):
            raise ValueError(f"flake {self.flake!r} must be a reference such as github:team/paddock")
        if self.query_gib < 1:
            raise ValueError("query_gib must be at least 1: without a bound one query may cost what it likes")
        if self.concurrency < 2:
            raise ValueError("concurrency must be at least 2: SQS event sources cannot be bounded lower")

    @property
    def placeholders(self) -> list[str]:
        """Fields that still have a default which is of no use in an account."""
        return [name for name, value in PLACEHOLDERS.items() if getattr(self, name) == value]


def config_from_context(node: Node) -> Config:
    """The config that ``cdk.json`` and ``-c`` ask for.

    Raises:
        ValueError: a name is unknown or a value has the wrong form.
    """
    kinds = {field.name: type(field.default) for field in dataclasses.fields(Config)}
    values: dict[str, str | int | bool] = {}
    for key, value in node.get_all_context().items():
        if not key.startswith(CONTEXT_PREFIX):
            continue
        name = key.removeprefix(CONTEXT_PREFIX)
        if name not in kinds:
            raise ValueError(f"{key} is no setting of infra/config.py; there are {', '.join(kinds)}")
        values[name] = _typed(key, value, kinds[name])
    return Config(**values)  # type: ignore[arg-type]  # each was just given its field's type


def _typed(key: str, value: object, kind: type) -> str | int | bool:
    """A context value (``-c`` gives text only) as its field's type."""
    text = str(value)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{key} must be true or false, not {text!r}")
        return text.lower() == "true"
    return int(float(text)) if kind is int else text
