"""A function: an image of ``lambdas/<name>``, fed by its queue, that talks to S3 and MongoDB alone."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import IgnoreMode, RemovalPolicy, Size
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from infra.buckets import MONGODB_URL, bucket_name
from infra.config import Config
from infra.network import Network
from infra.queues import FUNCTION_TIMEOUT
from infra.review import acknowledge

SCRATCH_MIB = 10_240
"""The most there is: a .mat of several GiB fits, and a log's conversion pays 0.002 cents for it."""

IMAGE_CONTEXT = ["*", "!pyproject.toml", "!README.md", "!service", "!lambdas", "**/__pycache__", "**/.*"]
"""What of the repository goes to the image build, as a .dockerignore: nothing else changes the image."""


class JobFunction(Construct):
    """``function`` and its ``role``; the caller grants what the job needs of S3."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        name: str,
        config: Config,
        network: Network,
        queue: sqs.IQueue,
        repository: Path,
    ) -> None:
        super().__init__(scope, id)
        log = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=RemovalPolicy.DESTROY
        )
        self.role = self._role(log)
        self.function = lambda_.DockerImageFunction(
            self,
            "Function",
            description=f"Paddock {name}",
            code=lambda_.DockerImageCode.from_image_asset(
                str(repository),
                file=f"lambdas/{name}/Dockerfile",
                exclude=IMAGE_CONTEXT,
                ignore_mode=IgnoreMode.DOCKER,
                platform=ecr_assets.Platform.LINUX_ARM64,
            ),
            # A fifth cheaper than x86_64, every dependency has wheels for it, and it is what the host is.
            architecture=lambda_.Architecture.ARM_64,
            memory_size=config.function_memory_mib,
            timeout=FUNCTION_TIMEOUT,
            ephemeral_storage_size=Size.mebibytes(SCRATCH_MIB),
            role=self.role,
            vpc=network.vpc,
            vpc_subnets=network.functions_subnets,
            security_groups=[network.functions_group],
            log_group=log,
            environment=environment(self),
            reserved_concurrent_executions=config.concurrency if config.reserve_concurrency else None,
        )
        self.function.add_event_source(
            SqsEventSource(
                queue,
                # A log takes a minute, a message a millisecond: a batch would only make logs wait for each other,
                # and share one 15-minute limit.
                batch_size=1,
                report_batch_item_failures=True,
                # Lambda takes no more messages than it can start functions for. With a reservation alone it would
                # take them, fail to start, and count that as tries towards the dead-letter queue.
                max_concurrency=config.concurrency,
            )
        )

    def _role(self, log: logs.ILogGroup) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log.grant_write(role)
        # Lambda's service puts the function into the network with the function's own role.
        role.add_to_policy(
            iam.PolicyStatement(
                sid="JoinNetwork",
                actions=[
                    "ec2:CreateNetworkInterface",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSubnets",
                    "ec2:DeleteNetworkInterface",
                    "ec2:AssignPrivateIpAddresses",
                    "ec2:UnassignPrivateIpAddresses",
                ],
                resources=["*"],
            )
        )
        acknowledge(
            role,
            "AwsSolutions::AwsSolutions-IAM5[Resource::*]",
            "Lambda checks these rights on every resource before it joins a network, as in AWS's managed policy. "
            "The function's code cannot use them: the network has no way to EC2's API.",
        )
        return role


def environment(scope: Construct) -> dict[str, str]:
    """The function's settings. No secret is among them: whoever may look at a function sees its environment.

    ``PADDOCK_MONGODB_URL_FILE`` names an object that the function reads through the S3 endpoint when it starts
    cold. A new password reaches new containers by itself, without a deployment.
    """
    return {
        "PADDOCK_DATA": "/tmp/paddock",
        "PADDOCK_LOG_FORMAT": "json",
        "PADDOCK_MONGODB_URL_FILE": f"s3://{bucket_name(scope, 'secrets')}/{MONGODB_URL}",
        "PADDOCK_S3_BUCKET": bucket_name(scope, "recordings"),
    }
