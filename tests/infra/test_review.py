"""cdk-nag's AwsSolutions pack: an unargued finding fails synthesizing, and this is the list of the argued ones."""

import json
from pathlib import Path

import pytest

from tests.infra.conftest import Cloud


def test_what_is_not_followed_is_argued(cloud: Cloud) -> None:
    report = json.loads((cloud.folder / "validation-report.json").read_text())
    packs = {pack["pluginName"]: pack for pack in report["pluginReports"]}
    pack = packs["AwsSolutions"]
    assert pack["violations"] == []
    argued = {rule["ruleName"].partition("[")[0] for rule in pack["suppressedViolations"]}
    assert argued == {
        "AwsSolutions-EC23",  # WireGuard's port is open to the world
        "AwsSolutions-EC28",  # no detailed monitoring
        "AwsSolutions-IAM5",  # prefixes of keys, and actions that know no resource
        "AwsSolutions-VPC7",  # no flow logs
    }
    assert all(len(rule["reason"]) > 20 for rule in pack["suppressedViolations"])


def test_nothing_else_complains_but_for_the_placeholders(cloud: Cloud) -> None:
    report = json.loads((cloud.folder / "validation-report.json").read_text())
    assert not [it["ruleName"] for pack in report["pluginReports"] for it in pack["violations"]]
    warnings = [
        entry["data"]
        for file in cloud.folder.glob("*.metadata.json")
        for entries in json.loads(file.read_text()).values()
        for entry in entries
        if entry["type"] in ("aws:cdk:warning", "aws:cdk:error")
    ]
    assert sorted(warning.partition(" ")[0] for warning in warnings) == [
        "paddock:email",
        "paddock:flake",
        "paddock:nixos_ami",
    ]


def test_the_review_is_awake(node: None, tmp_path: Path, repository: Path) -> None:
    from aws_cdk import App
    from aws_cdk import aws_sqs as sqs

    from infra.app import build
    from infra.config import Config

    app = App(outdir=str(tmp_path))
    store, _, _ = build(app, Config(), repository)
    sqs.Queue(store, "WithoutTls")
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()
