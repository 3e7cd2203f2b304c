import json
from pathlib import Path

import pytest

from paddock.settings import SECRETS, help_texts, variable
from tests.conftest import REPOSITORY
from tests.infra.conftest import Cloud, flat


@pytest.fixture(params=["Ingest", "Export"])
def function(cloud: Cloud, request: pytest.FixtureRequest) -> dict:
    return cloud.one("Lambda::Function", request.param)


def test_there_is_no_function_but_these(cloud: Cloud) -> None:
    assert len(cloud.all("Lambda::Function")) == 2


def test_a_function_is_an_arm_image_with_room_and_time(function: dict) -> None:
    assert function["PackageType"] == "Image"
    assert function["Architectures"] == ["arm64"]
    assert function["MemorySize"] == 3008
    assert function["Timeout"] == 900
    assert function["EphemeralStorage"] == {"Size": 10_240}
    assert function["ReservedConcurrentExecutions"] == 4


def test_a_function_runs_in_the_subnet_without_a_way_out(function: dict) -> None:
    (subnet,) = function["VpcConfig"]["SubnetIds"]
    assert "functionsSubnet" in flat(subnet)


def test_one_log_at_a_time_and_failures_one_by_one(cloud: Cloud) -> None:
    sources = cloud.all("Lambda::EventSourceMapping").values()
    assert len(sources) == 2
    for source in sources:
        assert source["BatchSize"] == 1
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["ScalingConfig"] == {"MaximumConcurrency": 4}


def test_the_environment_holds_settings_and_no_secret(function: dict) -> None:
    environment = {name: flat(value) for name, value in function["Environment"]["Variables"].items()}
    known = set(help_texts()) | {f"{variable(secret)}_FILE" for secret in SECRETS}
    assert set(environment) <= known
    assert not set(environment) & {variable(secret) for secret in SECRETS}
    assert environment["PADDOCK_MONGODB_URL_FILE"] == (
        "s3://paddock-secrets-<AWS::AccountId>-us-east-1/mongodb-url"
    )


def test_logs_of_functions_end_some_day(cloud: Cloud) -> None:
    groups = cloud.all("Logs::LogGroup").values()
    assert [group["RetentionInDays"] for group in groups] == [90, 90]


def test_an_image_is_built_from_the_service_alone(cloud: Cloud) -> None:
    images = json.loads((cloud.folder / "PaddockFunctions.assets.json").read_text())["dockerImages"]
    assert {image["source"]["dockerFile"] for image in images.values()} == {
        "lambdas/ingest/Dockerfile",
        "lambdas/export/Dockerfile",
    }
    for image in images.values():
        assert image["source"]["platform"] == "linux/arm64"
        context = cloud.folder / image["source"]["directory"]
        assert files_below(context) == {
            "README.md",
            "pyproject.toml",
            "lambdas/export/Dockerfile",
            "lambdas/ingest/Dockerfile",
            "service/paddock/cli.py",
        }


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["ingest", "export"])
def test_the_repository_has_the_image_and_what_it_copies(name: str) -> None:
    dockerfile = REPOSITORY / "lambdas" / name / "Dockerfile"
    copied = [line.split()[1:-1] for line in dockerfile.read_text().splitlines() if line.startswith("COPY")]
    assert copied
    for source in (source for sources in copied for source in sources if not source.startswith("--")):
        assert (REPOSITORY / source).exists()
        assert Path(source).parts[0] in {"lambdas", "service", "pyproject.toml", "README.md"}, (
            f"{source} is not in the build context (infra/function.py)"
        )
