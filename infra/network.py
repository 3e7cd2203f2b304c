"""The network: a public subnet for the host, an isolated one for the functions, and a free way to S3.

There is no NAT gateway (33 dollars a month) and no interface endpoint (7 dollars a month each). What follows:

- A function reaches exactly two things: S3, through the gateway endpoint, which is free, and MongoDB on the host.
- It cannot reach SQS. Lambda's own service polls the queue, outside this network, and hands over the messages;
  a function that wants more work done leaves a job document, and the host, which does reach SQS, announces it.
- It cannot reach Secrets Manager or SSM. MongoDB's URL is an object in the secrets bucket (``buckets.py``).
"""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import Config
from infra.names import NAMES
from infra.review import acknowledge

WIREGUARD_PORT, MONGODB_PORT = NAMES.vpn.port, NAMES.mongodb.port


class Network(Construct):
    """VPC, subnets, S3 endpoint and the two security groups."""

    def __init__(self, scope: Construct, id: str, *, config: Config) -> None:
        super().__init__(scope, id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(NAMES.vpc.network),
            # One zone, the host's: without its database a function in another zone could do nothing either,
            # and traffic between zones is billed.
            availability_zones=[config.availability_zone],
            nat_gateways=0,
            subnet_configuration=[
                # The host's elastic address is the only public one; nothing gets another by accident.
                ec2.SubnetConfiguration(
                    name="host", subnet_type=ec2.SubnetType.PUBLIC, map_public_ip_on_launch=False
                ),
                ec2.SubnetConfiguration(name="functions", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            ],
            # Closing the default group takes a custom resource, which is one more function with wide rights;
            # nothing is ever put in that group.
            restrict_default_security_group=False,
        )
        acknowledge(
            self.vpc,
            "AwsSolutions::AwsSolutions-VPC7",
            "No flow logs: one port that answers WireGuard peers only, and functions without a way out. They would "
            "record the Internet's noise on 51820; who used Paddock is in its own log and in the S3 access log.",
        )
        self.functions_subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        self.host_subnets = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        self.s3 = self.vpc.add_gateway_endpoint(
            "S3", service=ec2.GatewayVpcEndpointAwsService.S3, subnets=[self.functions_subnets]
        )
        self.host_group = self._host_group()
        self.functions_group = self._functions_group()
        self.host_group.add_ingress_rule(
            self.functions_group, ec2.Port.tcp(MONGODB_PORT), "MongoDB, for the functions alone"
        )
        self.functions_group.add_egress_rule(self.host_group, ec2.Port.tcp(MONGODB_PORT), "MongoDB on the host")

    def allow_through_s3_endpoint(self, arns: list[str]) -> None:
        """Let the functions' way to S3 reach these buckets and objects, and no other team's bucket.

        A function that reads a hostile log could otherwise be talked into writing ours to somebody else's bucket.
        """
        self.s3.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=[
                    "s3:GetObject",
                    "s3:PutObject",
                    "s3:DeleteObject",
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                    "s3:ListBucket",
                ],
                resources=arns,
            )
        )

    def _host_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "HostGroup", vpc=self.vpc, description="Paddock host: WireGuard in", allow_all_outbound=False
        )
        group.add_ingress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.udp(WIREGUARD_PORT), "WireGuard, which is silent to strangers"
        )
        if NAMES.mqtt.name is not None:
            group.add_ingress_rule(
                ec2.Peer.any_ipv4(), ec2.Port.tcp(NAMES.mqtt.tls_port), "MQTT with TLS, for devices with a token"
            )
        acknowledge(
            group,
            "AwsSolutions::AwsSolutions-EC23",
            "The VPN's port is open to the world because base station and engineers have no fixed addresses. It is "
            "the only one, but for MQTT where the team opens it: the site, SSH and MongoDB answer inside the VPN.",
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, SQS, SSM, Nix caches")
        # With all of UDP allowed out, AWS does not track WireGuard's flows, so a peer that was silent for longer
        # than the tracking's 30 to 180 seconds is still reached.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.all_udp(), "WireGuard to peers wherever they are")
        return group

    def _functions_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, "FunctionsGroup", vpc=self.vpc, description="Paddock functions", allow_all_outbound=False
        )
        # Any address in the group's words; the isolated subnet's route table has the way to S3 alone. The prefix
        # list of S3 would say it here too, but its id differs by region and takes a lookup.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, through the gateway endpoint")
        return group
