"""The season in Athena: a Glue database, a workgroup whose queries cost a bounded sum, and who may use them."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.access import allow_results, allow_season
from infra.buckets import bucket_name
from infra.config import Config
from infra.names import NAMES

GIB = 1 << 30


class Season(Construct):
    """``database``, ``workgroup``, and ``reader``: the policy that an administrator attaches to who may ask.

    The tables are not made here: their columns are what the team's cars log, so the host names them
    (``paddock season --glue``).
    """

    def __init__(self, scope: Construct, id: str, *, config: Config) -> None:
        super().__init__(scope, id)
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=NAMES.season, description="Stored columns of Paddock's recordings, and tables about these."
            ),
        )
        self.workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=NAMES.season,
            description="Paddock's season; a query that would read more than is allowed is ended.",
            recursive_delete_option=True,
            work_group_configuration=athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                # What a client asks for otherwise, such as another place for results, does not count.
                enforce_work_group_configuration=True,
                bytes_scanned_cutoff_per_query=config.query_gib * GIB,
                publish_cloud_watch_metrics_enabled=True,
                requester_pays_enabled=False,
                engine_version=athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                    output_location=f"s3://{bucket_name(self, 'query-results')}/",
                    expected_bucket_owner=Stack.of(self).account,
                    encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                        encryption_option="SSE_S3"
                    ),
                ),
            ),
        )
        self.reader = iam.ManagedPolicy(self, "Reader", description="Ask Paddock's season in Athena; reads only.")
        allow_season(self.reader)
        allow_results(self.reader)
