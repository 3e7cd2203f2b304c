"""Who may do what with the buckets: by prefix and by verb, nothing wider.

Nobody here holds ``s3:DeleteObjectVersion``: in a versioned bucket a delete without it hides an object and keeps
its bytes (``buckets.recordings_lifecycle`` argues why).
"""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.buckets import ARTIFACTS, COLUMNS, FILES, INCOMING, MONGODB_URL, RAW, SEASON, bucket_arn
from infra.names import NAMES
from infra.review import acknowledge

READ = ["s3:GetObject"]
WRITE = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
DELETE = ["s3:DeleteObject"]


def allow_station(user: iam.User) -> None:
    """The base station's key: leave logs under ``incoming/``. It can neither read nor delete anything."""
    _allow_prefix(user, INCOMING, WRITE)


def allow_ingest(role: iam.Role) -> None:
    """From ``incoming/`` to ``raw/``, and everything that is derived from it; an original stays."""
    _allow_prefix(role, INCOMING, READ + DELETE)
    _allow_prefix(role, RAW, READ + WRITE)
    _allow_prefix(role, COLUMNS, READ + WRITE + DELETE)
    _allow_prefix(role, ARTIFACTS, READ + WRITE)
    _allow_list(role)
    _allow(role, READ, bucket_arn(role, "secrets", MONGODB_URL))


def allow_export(role: iam.Role) -> None:
    """Read what is there, write artifacts."""
    _allow_prefix(role, RAW, READ)
    _allow_prefix(role, COLUMNS, READ)
    _allow_prefix(role, ARTIFACTS, READ + WRITE)
    _allow_list(role)
    _allow(role, READ, bucket_arn(role, "secrets", MONGODB_URL))


def allow_host(role: iam.Role) -> None:
    """The site signs links with its own rights; its worker does what the functions do, and tidies up."""
    for prefix in (INCOMING, RAW, COLUMNS, ARTIFACTS, FILES, SEASON):
        _allow_prefix(role, prefix, READ + WRITE + DELETE)
    _allow_list(role)
    # A backup is proved and restored with the same rights; what it removes stays as an older version for a while.
    _allow_prefix(role, "", READ + WRITE + DELETE, "backups")
    _allow_list(role, "backups")
    # It made MongoDB's password, so it may leave it for the functions; it need not read it back.
    _allow(role, ["s3:PutObject"], bucket_arn(role, "secrets", MONGODB_URL))
    # It names the season's tables, and no others.
    _allow_tables(role, ["glue:GetTables", "glue:CreateTable", "glue:UpdateTable", "glue:BatchDeleteTable"])


def allow_season(reader: iam.ManagedPolicy) -> None:
    """Ask in the one workgroup, about the one database, over the columns and the tables about them."""
    stack = Stack.of(reader)
    workgroup = stack.format_arn(service="athena", resource="workgroup", resource_name=NAMES.season)
    _allow(
        reader,
        [
            "athena:GetWorkGroup",
            "athena:StartQueryExecution",
            "athena:GetQueryExecution",
            "athena:GetQueryResults",
            "athena:StopQueryExecution",
        ],
        workgroup,
    )
    _allow_tables(reader, ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"])
    for prefix in (COLUMNS, SEASON):
        _allow_prefix(reader, prefix, READ)
    _allow(reader, ["s3:ListBucket", "s3:GetBucketLocation"], bucket_arn(reader, "recordings"))


def allow_results(reader: iam.ManagedPolicy) -> None:
    """Athena writes answers with the rights of who asks."""
    _allow_prefix(reader, "", READ + WRITE, "query-results")
    _allow(reader, ["s3:ListBucket", "s3:GetBucketLocation"], bucket_arn(reader, "query-results"))


def _allow_tables(grantee: iam.Role | iam.ManagedPolicy, actions: list[str]) -> None:
    stack = Stack.of(grantee)
    tables = f"table/{NAMES.season}/*"
    for resource in ("catalog", f"database/{NAMES.season}", tables):
        _allow(grantee, actions, stack.format_arn(service="glue", resource=resource))
    acknowledge(
        grantee,
        f"AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:glue:{stack.region}:"
        f"<AWS::AccountId>:{tables}]",
        "Tables are named by what the cars log; the database is the narrowest there is.",
    )


def _allow_prefix(
    grantee: iam.Role | iam.User | iam.ManagedPolicy, prefix: str, actions: list[str], bucket: str = "recordings"
) -> None:
    _allow(grantee, actions, bucket_arn(grantee, bucket, f"{prefix}*"))
    acknowledge(
        grantee,
        f"AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::"
        f"paddock-{bucket}-<AWS::AccountId>-{Stack.of(grantee).region}/{prefix}*]",
        f"Keys under {prefix or bucket} are made while running; the prefix is the narrowest there is.",
    )


def _allow_list(role: iam.Role, bucket: str = "recordings") -> None:
    """Without it a missing key is answered by 403 instead of 404."""
    _allow(role, ["s3:ListBucket", "s3:ListBucketMultipartUploads"], bucket_arn(role, bucket))


def _allow(grantee: iam.Role | iam.User | iam.ManagedPolicy, actions: list[str], arn: str) -> None:
    statement = iam.PolicyStatement(actions=actions, resources=[arn])
    if isinstance(grantee, iam.ManagedPolicy):
        grantee.add_statements(statement)
    else:
        grantee.add_to_principal_policy(statement)
