"""The buckets: recordings, the functions' secret, backups, answers of Athena, and the log of who touched any."""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from infra.names import NAMES

INCOMING, RAW, COLUMNS, ARTIFACTS, FILES = "incoming/", "raw/", "columns/", "artifacts/", "files/"
SEASON = "season/"
"""The prefixes of DESIGN.md §4, as in ``paddock.domain.keys``."""

VIEWERS = ("https://app.foxglove.dev", "https://lichtblick-suite.github.io")
"""Sites that open a log by its link, as in ``paddock.web.viewers.addresses``."""

MONGODB_URL = NAMES.mongodb.url_key
"""The key, in the secrets bucket, of the URL with which the functions log in to MongoDB."""

UPLOADS_KEPT = Duration.days(8)
"""A day longer than Paddock keeps an unfinished upload itself (``PADDOCK_UPLOAD_EXPIRES_S``, 7 days)."""

UNDO = Duration.days(7)
"""How long the bytes of something deleted or replaced can still be had back."""


class Buckets(Construct):
    """``recordings``, ``secrets``, ``backups``, ``query_results`` and ``access_log``."""

    def __init__(self, scope: Construct, id: str, *, events_to: sqs.Queue) -> None:
        super().__init__(scope, id)
        self.access_log = self._private_bucket(
            "AccessLog",
            "access-log",
            lifecycle_rules=[s3.LifecycleRule(id="a-quarter", expiration=Duration.days(90))],
        )
        self.secrets = self._private_bucket(
            "Secrets",
            "secrets",
            server_access_logs_bucket=self.access_log,
            server_access_logs_prefix="secrets/",
            versioned=True,
            lifecycle_rules=[
                # A password that was replaced is of no use; do not keep it.
                s3.LifecycleRule(id="old-passwords", noncurrent_version_expiration=Duration.days(1))
            ],
        )
        self.recordings = self._private_bucket(
            "Recordings",
            "recordings",
            server_access_logs_bucket=self.access_log,
            server_access_logs_prefix="recordings/",
            versioned=True,
            lifecycle_rules=recordings_lifecycle(),
            cors=[browser_access(NAMES.site), viewer_access()],
        )
        self.backups = self._private_bucket(
            "Backups",
            "backups",
            server_access_logs_bucket=self.access_log,
            server_access_logs_prefix="backups/",
            versioned=True,
            # The host removes the backups that are kept no longer. Whoever does it with a stolen key of the host
            # leaves a week to notice, and the site warns after two days.
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="removed",
                    noncurrent_version_expiration=UNDO,
                    abort_incomplete_multipart_upload_after=UPLOADS_KEPT,
                )
            ],
        )
        self.query_results = self._private_bucket(
            "QueryResults",
            "query-results",
            server_access_logs_bucket=self.access_log,
            server_access_logs_prefix="query-results/",
            # An answer is asked for again, not kept.
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="a-week", expiration=UNDO, abort_incomplete_multipart_upload_after=Duration.days(1)
                )
            ],
        )
        self._announce_incoming(events_to)

    def _private_bucket(self, id: str, name: str, **options: Any) -> s3.Bucket:
        """Encrypted, TLS 1.2, the owner's alone, and there to stay when the stack goes."""
        return s3.Bucket(
            self,
            id,
            bucket_name=bucket_name(self, name),
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
            **options,
        )

    def _announce_incoming(self, queue: sqs.Queue) -> None:
        """Tell the ingest queue of every object that lands under ``incoming/``, and of no other.

        Written on the bucket itself: CDK's ``add_event_notification`` would deploy one more function, with the
        right to change any bucket's notifications.
        """
        resource = cast(s3.CfnBucket, self.recordings.node.default_child)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=INCOMING)]
                        )
                    ),
                )
            ]
        )
        allowed = queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsOfIncoming",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": bucket_arn(self, "recordings")},
                    "StringEquals": {"aws:SourceAccount": Stack.of(self).account},
                },
            )
        )
        # S3 tries the queue when the bucket is made, and refuses the bucket if it may not send.
        if allowed.policy_dependable is not None:
            resource.node.add_dependency(allowed.policy_dependable)


def bucket_name(scope: IConstruct, name: str) -> str:
    """A bucket's name, known before the bucket exists: the queue's policy and the host's settings need it."""
    stack = Stack.of(scope)
    return NAMES.buckets[name].format(account=stack.account, region=stack.region)


def bucket_arn(scope: IConstruct, name: str, key: str | None = None) -> str:
    """The ARN of a bucket or of keys in it; the same text in every stack, so that no stack waits for another."""
    return Stack.of(scope).format_arn(
        service="s3", region="", account="", resource=bucket_name(scope, name), resource_name=key
    )


def recordings_lifecycle() -> list[s3.LifecycleRule]:
    """What S3 does by itself. No rule ever removes a byte of ``raw/``.

    Derived data can be rebuilt, so its old versions go after a week. An original cannot: no rule expires a
    version, current or not, under ``raw/``, no role of these stacks may delete a version, and the bucket outlives
    its stack. Whoever deletes an original, be it a bug, a stolen key of the host or Paddock's own purge, leaves a
    delete marker above bytes that are still there. Removing those takes a person with rights on the account
    (README.md).
    """
    return [
        s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=UPLOADS_KEPT),
        # What left incoming/ was copied to raw/ after all of it had been hashed.
        *(
            s3.LifecycleRule(
                id=f"old-{prefix[:-1]}",
                prefix=prefix,
                noncurrent_version_expiration=UNDO,
                # A delete's marker, once there is nothing left below it.
                expired_object_delete_marker=True,
            )
            for prefix in (INCOMING, COLUMNS, ARTIFACTS, SEASON)
        ),
        # People's own files cannot be rebuilt; a quarter is time to notice.
        s3.LifecycleRule(id="old-files", prefix=FILES, noncurrent_version_expiration=Duration.days(90)),
        # A log is hot for some weeks and then hardly read, but which ones come back nobody knows. This class moves
        # each object by its own use, reads stay immediate and free of charge at every level. S3 leaves objects
        # under 128 KiB, the small channels, where they are.
        *(
            s3.LifecycleRule(
                id=f"tier-{prefix[:-1]}",
                prefix=prefix,
                transitions=[
                    s3.Transition(
                        storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(0)
                    )
                ],
            )
            for prefix in (RAW, COLUMNS, ARTIFACTS, FILES)
        ),
    ]


def browser_access(origin: str) -> s3.CorsRule:
    """The site's pages PUT parts of uploads and GET ranges, both by signed links. No other page may."""
    return s3.CorsRule(
        allowed_origins=[origin],
        allowed_methods=[s3.HttpMethods.PUT, s3.HttpMethods.GET, s3.HttpMethods.HEAD],
        allowed_headers=["content-type", "content-md5", "range", "if-match", "if-none-match", "x-amz-*"],
        exposed_headers=[
            "ETag",
            "Content-Length",
            "Content-Range",
            "Accept-Ranges",
            "Content-Disposition",
            "Last-Modified",
            "x-amz-checksum-crc32c",
            "x-amz-checksum-crc64nvme",
            "x-amz-checksum-sha256",
        ],
        max_age=3600,
    )


def viewer_access() -> s3.CorsRule:
    """Foxglove and Lichtblick, on their own sites, read ranges of a log by its signed link, and do nothing else."""
    return s3.CorsRule(
        allowed_origins=list(VIEWERS),
        allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
        allowed_headers=["range"],
        exposed_headers=["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        max_age=3600,
    )
