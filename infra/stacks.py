"""Three stacks, by how long their things live.

``PaddockStore`` holds what must never be lost and is hardly ever touched; ``PaddockHost`` can be destroyed and made
anew around the same volume and address; ``PaddockFunctions`` is deployed with every release and alone needs Docker.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import CfnOutput, Environment, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.access import allow_export, allow_ingest
from infra.alarms import Alarms
from infra.buckets import MONGODB_URL, Buckets, bucket_arn, bucket_name
from infra.config import Config
from infra.function import JobFunction
from infra.host import Host
from infra.names import NAMES
from infra.network import Network
from infra.queues import WorkQueue
from infra.season import Season
from infra.station import Station
from infra.volume import DataVolume


class StoreStack(Stack):
    """Buckets, queues, network, data volume, address, the base station's user, Athena, alarms and budget."""

    def __init__(self, scope: Construct, id: str, *, config: Config) -> None:
        # The account is the one that the CDK command is logged in to; naming it here would commit it.
        super().__init__(scope, id, env=Environment(region=config.region), termination_protection=True)
        self.alarms = Alarms(self, "Alarms", config=config)
        self.ingest = WorkQueue(self, "Ingest", name=NAMES.queues["ingest"], notify=self.alarms.topic)
        self.export = WorkQueue(self, "Export", name=NAMES.queues["export"], notify=self.alarms.topic)
        self.buckets = Buckets(self, "Buckets", events_to=self.ingest.queue)
        self.network = Network(self, "Network", config=config)
        self.network.allow_through_s3_endpoint(
            [
                bucket_arn(self, "recordings"),
                bucket_arn(self, "recordings", "*"),
                bucket_arn(self, "secrets", MONGODB_URL),
            ]
        )
        self.volume = DataVolume(self, "Data", config=config).volume
        # IPv6 would be free, but a track's or a phone's network may not have it.
        self.address = ec2.CfnEIP(self, "Address")
        self.address.apply_removal_policy(RemovalPolicy.RETAIN)
        self.station = Station(self, "Station")
        self.season = Season(self, "Season", config=config)

        CfnOutput(self, "HostAddress", value=self.address.attr_public_ip, description="WireGuard endpoint")
        CfnOutput(self, "RecordingsBucket", value=bucket_name(self, "recordings"))
        CfnOutput(self, "BackupsBucket", value=bucket_name(self, "backups"))
        CfnOutput(self, "SecretsBucket", value=bucket_name(self, "secrets"))
        CfnOutput(self, "IngestQueue", value=self.ingest.queue.queue_url)
        CfnOutput(self, "IngestDeadQueue", value=self.ingest.dead.queue_url)
        CfnOutput(self, "ExportQueue", value=self.export.queue.queue_url)
        CfnOutput(self, "ExportDeadQueue", value=self.export.dead.queue_url)
        CfnOutput(self, "StationUser", value=self.station.user.user_name)
        CfnOutput(self, "SeasonWorkgroup", value=self.season.workgroup.name)
        CfnOutput(self, "SeasonReader", value=self.season.reader.managed_policy_arn, description="Policy to ask it")


class HostStack(Stack):
    """The NixOS machine."""

    def __init__(self, scope: Construct, id: str, *, config: Config, store: StoreStack) -> None:
        super().__init__(scope, id, env=Environment(region=config.region))
        self.host = Host(
            self,
            "Host",
            config=config,
            network=store.network,
            queues=[store.ingest, store.export],
            volume=store.volume,
            address=store.address,
            notify=store.alarms.topic,
        )
        CfnOutput(self, "InstanceId", value=self.host.instance.instance_id)
        CfnOutput(self, "MongodbAddress", value=f"{NAMES.vpc.host}:{NAMES.mongodb.port}")


class FunctionsStack(Stack):
    """Ingest and export."""

    def __init__(self, scope: Construct, id: str, *, config: Config, store: StoreStack, repository: Path) -> None:
        super().__init__(scope, id, env=Environment(region=config.region))
        self.ingest = self._function("ingest", store.ingest, config, store, repository)
        self.export = self._function("export", store.export, config, store, repository)
        allow_ingest(self.ingest.role)
        allow_export(self.export.role)

    def _function(
        self, name: str, work: WorkQueue, config: Config, store: StoreStack, repository: Path
    ) -> JobFunction:
        return JobFunction(
            self,
            name.capitalize(),
            name=name,
            config=config,
            network=store.network,
            queue=work.queue,
            repository=repository,
        )
