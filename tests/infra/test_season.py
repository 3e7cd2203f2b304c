"""Athena over the season: what a query may cost at most, and that who asks can read and change nothing else."""

import pytest

from infra.config import Config
from paddock.domain import keys
from tests.infra.conftest import Cloud, flat, listed
from tests.infra.test_access import PUT_PARTS, RECORDINGS, on

RESULTS = RECORDINGS.replace("recordings", "query-results")
GLUE = "arn:<AWS::Partition>:glue:us-east-1:<AWS::AccountId>:"
TABLES = {f"{GLUE}catalog", f"{GLUE}database/paddock", f"{GLUE}table/paddock/*"}


def test_a_query_that_would_read_too_much_is_ended_whatever_a_client_asks_for(cloud: Cloud) -> None:
    group = cloud.one("Athena::WorkGroup")
    settings = group["WorkGroupConfiguration"]
    assert group["Name"] == "paddock"
    assert settings["BytesScannedCutoffPerQuery"] == 50 * 2**30
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["RequesterPaysEnabled"] is False
    with pytest.raises(ValueError, match="without a bound"):
        Config(query_gib=0)


def test_answers_are_encrypted_and_gone_after_a_week(cloud: Cloud) -> None:
    answers = cloud.one("Athena::WorkGroup")["WorkGroupConfiguration"]["ResultConfiguration"]
    bucket = cloud.one("S3::Bucket", "BucketsQueryResults")
    assert flat(answers["OutputLocation"]) == f"s3://{flat(bucket['BucketName'])}/"
    assert answers["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}
    assert flat(answers["ExpectedBucketOwner"]) == "<AWS::AccountId>"
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == 7 and "Prefix" not in rule


def test_the_catalogue_has_a_database_of_its_own(cloud: Cloud) -> None:
    assert cloud.one("Glue::Database")["DatabaseInput"]["Name"] == "paddock"


def asked(cloud: Cloud) -> set[tuple[str, str]]:
    """Every (action, resource) of the policy for those who ask."""
    policy = cloud.one("IAM::ManagedPolicy", "SeasonReader")
    assert not policy.get("Users") and not policy.get("Roles"), "an administrator attaches it"
    statements = policy["PolicyDocument"]["Statement"]
    assert {each["Effect"] for each in statements} == {"Allow"}
    return {
        (action, flat(resource))
        for each in statements
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def test_who_asks_reads_columns_and_tables_and_writes_answers_alone(cloud: Cloud) -> None:
    of_bucket = {
        (resource.removeprefix(RECORDINGS).strip("/*"), action.removeprefix("s3:"))
        for action, resource in asked(cloud)
        if resource.startswith(RECORDINGS)
    }
    listing = on("", "ListBucket", "GetBucketLocation")
    prefixes = (keys.COLUMNS.rstrip("/"), keys.SEASON.rstrip("/"))
    assert of_bucket == listing.union(*(on(prefix, "GetObject") for prefix in prefixes))
    answers = {action.removeprefix("s3:") for action, resource in asked(cloud) if resource.startswith(RESULTS)}
    assert answers == {"GetObject", *PUT_PARTS, "ListBucket", "GetBucketLocation"}
    written = {resource for action, resource in asked(cloud) if action == "s3:PutObject"}
    assert written == {f"{RESULTS}/*"}


def test_who_asks_uses_this_workgroup_and_changes_no_table(cloud: Cloud) -> None:
    (group,) = {resource for action, resource in asked(cloud) if action.startswith("athena:")}
    assert group == "arn:<AWS::Partition>:athena:us-east-1:<AWS::AccountId>:workgroup/paddock"
    glue = {(action, resource) for action, resource in asked(cloud) if action.startswith("glue:")}
    assert {action for action, _ in glue} == {
        "glue:GetDatabase",
        "glue:GetTable",
        "glue:GetTables",
        "glue:GetPartitions",
    }
    assert {resource for _, resource in glue} == TABLES


def test_the_host_names_tables_of_this_database_alone(cloud: Cloud) -> None:
    glue = {(action, resource) for action, resource in cloud.allowed("HostRole") if action.startswith("glue:")}
    assert {resource for _, resource in glue} == TABLES
    assert {action for action, _ in glue} == {
        "glue:GetTables",
        "glue:CreateTable",
        "glue:UpdateTable",
        "glue:BatchDeleteTable",
    }
    for function in ("IngestRole", "ExportRole"):
        assert not [action for action, _ in cloud.allowed(function) if action.startswith(("glue:", "athena:"))]
