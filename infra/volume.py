"""The host's data, MongoDB and the VPN's keys, on a volume that outlives the host and is snapshot every night."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Size, Stack, Tags
from aws_cdk import aws_dlm as dlm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Config
from infra.review import acknowledge

SNAPSHOT_TAG_KEY, SNAPSHOT_TAG_VALUE = "paddock:snapshots", "nightly"


class DataVolume(Construct):
    """``volume``, and the policy that takes and drops its snapshots.

    A snapshot is taken of a running MongoDB. Its journal is on the same volume, so a restored one starts as after a
    power loss: with everything it had acknowledged.
    """

    def __init__(self, scope: Construct, id: str, *, config: Config) -> None:
        super().__init__(scope, id)
        self.volume = ec2.Volume(
            self,
            "Volume",
            availability_zone=config.availability_zone,
            size=Size.gibibytes(config.data_volume_gib),
            volume_type=ec2.EbsDeviceVolumeType.GP3,
            encrypted=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        Tags.of(self.volume).add(SNAPSHOT_TAG_KEY, SNAPSHOT_TAG_VALUE)
        dlm.CfnLifecyclePolicy(
            self,
            "Nightly",
            description="Paddock data volume nightly",
            state="ENABLED",
            execution_role_arn=self._snapshot_role().role_arn,
            policy_details=dlm.CfnLifecyclePolicy.PolicyDetailsProperty(
                resource_types=["VOLUME"],
                target_tags=[{"key": SNAPSHOT_TAG_KEY, "value": SNAPSHOT_TAG_VALUE}],
                schedules=[
                    dlm.CfnLifecyclePolicy.ScheduleProperty(
                        name="nightly",
                        copy_tags=True,
                        create_rule=dlm.CfnLifecyclePolicy.CreateRuleProperty(
                            interval=24, interval_unit="HOURS", times=["08:00"]
                        ),
                        retain_rule=dlm.CfnLifecyclePolicy.RetainRuleProperty(count=config.snapshots_kept),
                    )
                ],
            ),
        )

    def _snapshot_role(self) -> iam.Role:
        """AWS's managed policy for this would let it delete every snapshot of the account."""
        stack = Stack.of(self)
        role = iam.Role(self, "SnapshotRole", assumed_by=iam.ServicePrincipal("dlm.amazonaws.com"))
        # Snapshots are no account's resource in an ARN, and one has no id before it is made.
        snapshots = stack.format_arn(service="ec2", account="", resource="snapshot", resource_name="*")
        volume = stack.format_arn(service="ec2", resource="volume", resource_name=self.volume.volume_id)
        tagged = {"StringEquals": {f"aws:ResourceTag/{SNAPSHOT_TAG_KEY}": SNAPSHOT_TAG_VALUE}}
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:DescribeInstances"], resources=["*"]
            )
        )
        role.add_to_policy(iam.PolicyStatement(actions=["ec2:CreateSnapshot"], resources=[volume, snapshots]))
        role.add_to_policy(iam.PolicyStatement(actions=["ec2:CreateTags"], resources=[snapshots]))
        role.add_to_policy(
            iam.PolicyStatement(actions=["ec2:DeleteSnapshot"], resources=[snapshots], conditions=tagged)
        )
        acknowledge(
            role,
            "AwsSolutions::AwsSolutions-IAM5[Resource::*]",
            "EC2's Describe actions know no resource.",
        )
        acknowledge(
            role,
            f"AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ec2:{stack.region}::snapshot/*]",
            "A snapshot has no id before it is made; only those with the volume's tag may be deleted.",
        )
        return role
