"""Paddock's stacks, synthesized once, as the JSON that CloudFormation would get."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

STACKS = ("PaddockStore", "PaddockHost", "PaddockFunctions")


@dataclass(frozen=True)
class Cloud:
    """The synthesized templates, by stack."""

    folder: Path
    templates: dict[str, dict[str, Any]]

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of every resource of a kind (``S3::Bucket``) by logical id."""
        return {
            name: resource.get("Properties", {})
            for template in self.templates.values()
            for name, resource in template["Resources"].items()
            if resource["Type"] == f"AWS::{kind}"
        }

    def one(self, kind: str, name_starts: str = "") -> dict[str, Any]:
        """Properties of the only one."""
        found = {name: it for name, it in self.all(kind).items() if name.startswith(name_starts)}
        assert len(found) == 1, f"{kind} {name_starts}: {list(found)}"
        return next(iter(found.values()))

    def allowed(self, role_or_user: str) -> set[tuple[str, str]]:
        """Every (action, resource) that the policies of a role or user allow."""
        allowed = set()
        for policy in self.all("IAM::Policy").values():
            holders = [flat(holder) for holder in policy.get("Roles", []) + policy.get("Users", [])]
            if any(holder.startswith(f"<{role_or_user}") for holder in holders):
                for statement in policy["PolicyDocument"]["Statement"]:
                    assert statement["Effect"] == "Allow"
                    allowed |= {
                        (action, flat(resource))
                        for action in listed(statement["Action"])
                        for resource in listed(statement["Resource"])
                    }
        assert allowed, f"nobody is called {role_or_user}"
        return allowed


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def flat(value: Any) -> str:
    """A template's expression as text: ``{"Ref": "AWS::Region"}`` is ``<AWS::Region>``."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(flat, parts))
        case {"Fn::ImportValue": name}:
            return f"<{flat(name)}>"
    raise AssertionError(f"unknown expression {value}")


@pytest.fixture(scope="session")
def node() -> None:
    if shutil.which("node") is None:
        pytest.skip("AWS CDK needs Node: install node 22 or newer")
    pytest.importorskip("aws_cdk", reason="AWS CDK is not installed: uv sync --group infra")


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stand-in for the repository, whose copy for the image build is the test's and small."""
    root = tmp_path_factory.mktemp("repository")
    for name in (
        "lambdas/ingest/Dockerfile",
        "lambdas/export/Dockerfile",
        "service/paddock/cli.py",
        "service/paddock/__pycache__/cli.pyc",
        "pyproject.toml",
        "README.md",
        ".venv/lib/numpy.py",
        "tests/test_cli.py",
        "infra/app.py",
        "uv.lock",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("FROM scratch\n")
    return root


@pytest.fixture(scope="session")
def cloud(node: None, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    """Synthesized with the defaults: no account, no network, no Docker."""
    from aws_cdk import App

    from infra.app import build
    from infra.config import Config

    folder = tmp_path_factory.mktemp("cdk.out")
    app = App(outdir=str(folder))
    build(app, Config(), repository)
    app.synth()
    return Cloud(folder, {name: json.loads((folder / f"{name}.template.json").read_text()) for name in STACKS})
