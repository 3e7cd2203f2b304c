"""The base station's upload key: it can leave logs and nothing else, because it stands beside a race track."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.access import allow_station


class Station(Construct):
    """An IAM user without a key: a key made here would stand in CloudFormation. README.md says how to make one."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.user = iam.User(self, "User")
        allow_station(self.user)
