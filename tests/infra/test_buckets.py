import pytest

from paddock.domain import keys
from paddock.web.viewers.addresses import VIEWER_ORIGINS
from tests.infra.conftest import Cloud, flat

BUCKETS = ("BucketsRecordings", "BucketsSecrets", "BucketsBackups", "BucketsQueryResults", "BucketsAccessLog")


@pytest.mark.parametrize("name", BUCKETS)
def test_every_bucket_is_private_and_encrypted_and_outlives_its_stack(cloud: Cloud, name: str) -> None:
    bucket = cloud.one("S3::Bucket", name)
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption == [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    (resource,) = (
        it for it in cloud.templates["PaddockStore"]["Resources"].values() if it.get("Properties") == bucket
    )
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("name", BUCKETS)
def test_every_bucket_refuses_what_is_not_tls_12(cloud: Cloud, name: str) -> None:
    statements = cloud.one("S3::BucketPolicy", name)["PolicyDocument"]["Statement"]
    refused = [it["Condition"] for it in statements if it["Effect"] == "Deny" and it["Principal"] == {"AWS": "*"}]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refused
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in refused


def test_who_touched_recordings_and_secrets_is_logged(cloud: Cloud) -> None:
    for name in ("BucketsRecordings", "BucketsSecrets"):
        assert "DestinationBucketName" in cloud.one("S3::Bucket", name)["LoggingConfiguration"]


def test_recordings_and_secrets_keep_versions(cloud: Cloud) -> None:
    for name in ("BucketsRecordings", "BucketsSecrets"):
        assert cloud.one("S3::Bucket", name)["VersioningConfiguration"] == {"Status": "Enabled"}


def test_no_rule_ever_removes_an_original(cloud: Cloud) -> None:
    for rule in cloud.one("S3::Bucket", "BucketsRecordings")["LifecycleConfiguration"]["Rules"]:
        prefix = rule.get("Prefix", "")
        if keys.RAW.startswith(prefix) or prefix.startswith(keys.RAW):
            removing = {name for name in rule if "Expir" in name}
            assert not removing, f"{rule['Id']} removes originals"


def test_unfinished_uploads_are_dropped_after_paddock_gave_them_up(cloud: Cloud) -> None:
    rules = cloud.one("S3::Bucket", "BucketsRecordings")["LifecycleConfiguration"]["Rules"]
    (rule,) = (it for it in rules if "AbortIncompleteMultipartUpload" in it)
    assert "Prefix" not in rule
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 8}


def test_old_versions_of_what_can_be_rebuilt_go(cloud: Cloud) -> None:
    rules = cloud.one("S3::Bucket", "BucketsRecordings")["LifecycleConfiguration"]["Rules"]
    kept = {
        it["Prefix"]: it["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for it in rules
        if "NoncurrentVersionExpiration" in it
    }
    assert kept == {"incoming/": 7, "columns/": 7, "artifacts/": 7, "season/": 7, "files/": 90}


def test_only_incoming_raises_events(cloud: Cloud) -> None:
    notifications = cloud.one("S3::Bucket", "BucketsRecordings")["NotificationConfiguration"]
    assert list(notifications) == ["QueueConfigurations"]
    (event,) = notifications["QueueConfigurations"]
    assert event["Event"] == "s3:ObjectCreated:*"
    assert event["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": keys.INCOMING}]}}
    assert flat(event["Queue"]).startswith("<IngestQueue")


def test_only_this_bucket_may_send_to_the_ingest_queue(cloud: Cloud) -> None:
    statements = [
        it
        for policy in cloud.all("SQS::QueuePolicy").values()
        for it in policy["PolicyDocument"]["Statement"]
        if it["Effect"] == "Allow"
    ]
    (statement,) = statements
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    source = flat(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert source == "arn:<AWS::Partition>:s3:::paddock-recordings-<AWS::AccountId>-us-east-1"
    assert flat(cloud.one("S3::Bucket", "BucketsRecordings")["BucketName"]) == source.removeprefix(
        "arn:<AWS::Partition>:s3:::"
    )


def test_the_bucket_is_made_after_the_queue_lets_it_send(cloud: Cloud) -> None:
    resources = cloud.templates["PaddockStore"]["Resources"]
    (bucket,) = (it for it in resources.values() if "NotificationConfiguration" in it.get("Properties", {}))
    assert any(resources[name]["Type"] == "AWS::SQS::QueuePolicy" for name in bucket["DependsOn"])


def test_the_site_alone_may_send_parts(cloud: Cloud) -> None:
    rule, _ = cloud.one("S3::Bucket", "BucketsRecordings")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == ["https://10.77.0.1"]
    assert set(rule["AllowedMethods"]) == {"PUT", "GET", "HEAD"}
    assert "range" in rule["AllowedHeaders"]
    assert {"ETag", "Content-Range"} <= set(rule["ExposedHeaders"])


def test_viewers_may_read_ranges_and_nothing_else(cloud: Cloud) -> None:
    _, rule = cloud.one("S3::Bucket", "BucketsRecordings")["CorsConfiguration"]["CorsRules"]
    assert rule == {
        "AllowedOrigins": list(VIEWER_ORIGINS),
        "AllowedMethods": ["GET", "HEAD"],
        "AllowedHeaders": ["range"],
        "ExposedHeaders": ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        "MaxAge": 3600,
    }
