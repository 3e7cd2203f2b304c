"""Least privilege, as the whole list of what each role and user may do: a new right has to be written here too."""

import pytest

from tests.infra.conftest import Cloud

RECORDINGS = "arn:<AWS::Partition>:s3:::paddock-recordings-<AWS::AccountId>-us-east-1"
MONGODB_URL = "arn:<AWS::Partition>:s3:::paddock-secrets-<AWS::AccountId>-us-east-1/mongodb-url"
PUT_PARTS = {"PutObject", "AbortMultipartUpload", "ListMultipartUploadParts"}
LIST = {("", "ListBucket"), ("", "ListBucketMultipartUploads")}


def recordings(cloud: Cloud, who: str) -> set[tuple[str, str]]:
    """(prefix, action) on the recordings bucket."""
    return {
        (resource.removeprefix(RECORDINGS).strip("/*"), action.removeprefix("s3:"))
        for action, resource in cloud.allowed(who)
        if resource.startswith(RECORDINGS)
    }


def on(prefix: str, *actions: str) -> set[tuple[str, str]]:
    return {(prefix, action) for action in actions}


def test_the_base_station_leaves_logs_and_does_nothing_else(cloud: Cloud) -> None:
    assert cloud.allowed("StationUser") == {(f"s3:{action}", f"{RECORDINGS}/incoming/*") for action in PUT_PARTS}


def test_no_key_of_the_base_station_is_in_the_stack(cloud: Cloud) -> None:
    assert not cloud.all("IAM::AccessKey")


def test_ingest_moves_what_arrived_and_derives(cloud: Cloud) -> None:
    assert recordings(cloud, "IngestRole") == (
        on("incoming", "GetObject", "DeleteObject")
        | on("raw", "GetObject", *PUT_PARTS)
        | on("columns", "GetObject", "DeleteObject", *PUT_PARTS)
        | on("artifacts", "GetObject", *PUT_PARTS)
        | LIST
    )


def test_export_reads_and_writes_artifacts(cloud: Cloud) -> None:
    assert recordings(cloud, "ExportRole") == (
        on("raw", "GetObject") | on("columns", "GetObject") | on("artifacts", "GetObject", *PUT_PARTS) | LIST
    )


@pytest.mark.parametrize("who", ["IngestRole", "ExportRole"])
def test_a_function_reads_its_password_and_takes_from_its_queue_alone(cloud: Cloud, who: str) -> None:
    allowed = cloud.allowed(who)
    assert {action for action, resource in allowed if resource == MONGODB_URL} == {"s3:GetObject"}
    queues = {resource for action, resource in allowed if action.startswith("sqs:")}
    assert len(queues) == 1
    assert who.removesuffix("Role") in queues.pop()
    assert not {action for action, _ in allowed if action == "sqs:SendMessage"}


@pytest.mark.parametrize("who", ["IngestRole", "ExportRole"])
def test_a_function_may_do_nothing_else(cloud: Cloud, who: str) -> None:
    services = {action.partition(":")[0] for action, _ in cloud.allowed(who)}
    assert services == {"s3", "sqs", "logs", "ec2"}
    anywhere = {action for action, resource in cloud.allowed(who) if resource == "*"}
    assert all(action.startswith("ec2:") for action in anywhere)


def test_the_host_signs_for_all_prefixes_and_announces_jobs(cloud: Cloud) -> None:
    everything = {"GetObject", "DeleteObject", *PUT_PARTS}
    prefixes = ("incoming", "raw", "columns", "artifacts", "files", "season")
    assert recordings(cloud, "HostRole") == LIST.union(*(on(prefix, *everything) for prefix in prefixes))
    allowed = cloud.allowed("HostRole")
    assert {action for action, resource in allowed if resource == MONGODB_URL} == {"s3:PutObject"}
    assert {action for action, resource in allowed if resource == "*"} == {
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }


def test_the_host_keeps_backups(cloud: Cloud) -> None:
    backups = RECORDINGS.replace("recordings", "backups")
    assert {
        (resource.removeprefix(backups), action.removeprefix("s3:"))
        for action, resource in cloud.allowed("HostRole")
        if resource.startswith(backups)
    } == LIST.union(on("/*", "GetObject", "DeleteObject", *PUT_PARTS))


def test_the_host_takes_nothing_from_the_functions_queues(cloud: Cloud) -> None:
    received = {resource for action, resource in cloud.allowed("HostRole") if action == "sqs:ReceiveMessage"}
    assert len(received) == 2
    assert all("Dead" in queue for queue in received)


def test_nobody_may_delete_a_version_or_change_the_bucket(cloud: Cloud) -> None:
    given = {
        action
        for who in ("StationUser", "IngestRole", "ExportRole", "HostRole", "DataSnapshotRole")
        for action, _ in cloud.allowed(who)
    }
    assert not {action for action in given if "Version" in action or action.startswith("s3:PutBucket")}
    assert not {action for action in given if "Lifecycle" in action or "*" in action}


def test_no_managed_policy_widens_this(cloud: Cloud) -> None:
    for role in cloud.all("IAM::Role").values():
        assert "ManagedPolicyArns" not in role


def test_snapshots_of_others_are_not_deleted(cloud: Cloud) -> None:
    policy = cloud.one("IAM::Policy", "DataSnapshotRole")
    (delete,) = (it for it in policy["PolicyDocument"]["Statement"] if it["Action"] == "ec2:DeleteSnapshot")
    assert delete["Condition"] == {"StringEquals": {"aws:ResourceTag/paddock:snapshots": "nightly"}}
