"""The host: one small NixOS machine with the VPN, MongoDB, the site and its worker."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.access import allow_host
from infra.config import Config
from infra.names import NAMES
from infra.network import Network
from infra.queues import WorkQueue
from infra.review import acknowledge

FIRST_BOOT = """\
#!/bin/sh
# What the NixOS image does at its first boot (amazon-init): become the machine that the team's flake describes.
# That machine leaves this step out, so nothing changes it afterwards but the team.
set -eu
export PATH="$PATH:/run/current-system/sw/bin" NIX_CONFIG='experimental-features = nix-command flakes'
# Working out a whole system takes more memory than there is; the new system has zram instead.
if [ ! -e /first-boot-swap ]; then
  (umask 077 && fallocate -l 3G /first-boot-swap && mkswap /first-boot-swap)
fi
swapon /first-boot-swap || true
nixos-rebuild switch --flake '{flake}#cloud'
swapoff /first-boot-swap && rm /first-boot-swap
"""


class Host(Construct):
    """The machine and its rights. Volume and address are the store's, so a new host takes them over."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        config: Config,
        network: Network,
        queues: list[WorkQueue],
        volume: ec2.IVolume,
        address: ec2.CfnEIP,
        notify: sns.ITopic,
    ) -> None:
        super().__init__(scope, id)
        self.role = self._role(queues)
        self.instance = ec2.Instance(
            self,
            "Instance",
            vpc=network.vpc,
            vpc_subnets=network.host_subnets,
            availability_zone=config.availability_zone,
            private_ip_address=NAMES.vpc.host,
            security_group=network.host_group,
            instance_type=ec2.InstanceType(config.instance_type),
            machine_image=ec2.MachineImage.generic_linux({config.region: config.nixos_ami}),
            role=self.role,
            user_data=ec2.UserData.custom(FIRST_BOOT.format(flake=config.flake)),
            # Surplus CPU credits are billed without a bound; a long conversion gets slower instead.
            credit_specification=ec2.CpuCredits.STANDARD,
            disable_api_termination=True,
            # IMDSv2, one hop: a request that a page tricks the site into, or a container, gets no credentials.
            http_tokens=ec2.HttpTokens.REQUIRED,
            http_put_response_hop_limit=1,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        config.root_volume_gib, volume_type=ec2.EbsDeviceVolumeType.GP3, encrypted=True
                    ),
                )
            ],
        )
        acknowledge(
            self.instance,
            "AwsSolutions::AwsSolutions-EC28",
            "Detailed monitoring costs 2 dollars a month for one-minute figures that nobody here acts on.",
        )
        acknowledge(
            self.instance,
            "CloudFormation-Validate::W3010",
            "The zone is written down because the data volume is in it, and not every zone offers the type.",
        )
        acknowledge(
            self.instance,
            "CloudFormation-Validate::W9010",
            "The image is a setting. It is written down because looking up the newest would replace the host.",
        )
        ec2.CfnVolumeAttachment(
            self,
            "Data",
            device="/dev/sdf",
            instance_id=self.instance.instance_id,
            volume_id=volume.volume_id,
        )
        ec2.CfnEIPAssociation(
            self, "Address", allocation_id=address.attr_allocation_id, instance_id=self.instance.instance_id
        )
        self._alarm(notify)

    def _role(self, queues: list[WorkQueue]) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        allow_host(role)
        role.add_to_policy(
            iam.PolicyStatement(
                sid="AnnounceJobs",
                actions=["sqs:SendMessage", "sqs:GetQueueAttributes"],
                resources=[work.queue.queue_arn for work in queues],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Redrive",
                actions=[
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:GetQueueAttributes",
                ],
                resources=[work.dead.queue_arn for work in queues],
            )
        )
        # Session Manager: a shell through AWS's own door, for the first installation and for the day on which the
        # VPN is broken. Without it, port 22 would have to be open.
        role.add_to_policy(
            iam.PolicyStatement(
                sid="SessionManager",
                actions=[
                    "ssm:UpdateInstanceInformation",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                ],
                resources=["*"],
            )
        )
        acknowledge(
            role,
            "AwsSolutions::AwsSolutions-IAM5[Resource::*]",
            "Session Manager's channels know no resource. These five actions are the part of AWS's managed policy "
            "that a session needs.",
        )
        return role

    def _alarm(self, notify: sns.ITopic) -> None:
        unwell = cloudwatch.Alarm(
            self,
            "Unwell",
            alarm_description="Paddock host: AWS's status checks fail (machine, network or file system).",
            metric=cloudwatch.Metric(
                namespace="AWS/EC2",
                metric_name="StatusCheckFailed",
                dimensions_map={"InstanceId": self.instance.instance_id},
                period=Duration.minutes(5),
                statistic="Maximum",
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=2,
            # A host that reports nothing is one that is gone.
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        unwell.add_alarm_action(SnsAction(notify))
        unwell.add_ok_action(SnsAction(notify))
