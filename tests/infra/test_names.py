"""The stacks and the NixOS machine take what both must call alike from one file."""

import json

import pytest

from infra.names import NAMES, REPOSITORY, read_names
from tests.infra.conftest import Cloud, flat

TEXT = (REPOSITORY / "nix" / "names.json").read_text()


def test_buckets_queues_ports_and_addresses_are_those_of_the_file(cloud: Cloud) -> None:
    buckets = {flat(bucket["BucketName"]) for bucket in cloud.all("S3::Bucket").values()}
    assert buckets == {
        pattern.format(account="<AWS::AccountId>", region="us-east-1") for pattern in NAMES.buckets.values()
    }
    queues = {queue["QueueName"] for queue in cloud.all("SQS::Queue").values()}
    assert queues == {f"{name}{dead}" for name in NAMES.queues.values() for dead in ("", "-dead")}
    assert cloud.one("EC2::Instance")["PrivateIpAddress"] == NAMES.vpc.host
    assert cloud.one("EC2::VPC")["CidrBlock"] == NAMES.vpc.network
    ports = {rule["FromPort"] for rule in cloud.one("EC2::SecurityGroup", "NetworkHost")["SecurityGroupIngress"]}
    assert ports == {NAMES.vpn.port}
    assert {rule["FromPort"] for rule in cloud.all("EC2::SecurityGroupIngress").values()} == {NAMES.mongodb.port}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("vpc", "network"), "10.20.0.0/26"),
        (("vpc", "host"), "10.20.0.2"),
        (("vpc", "host"), "10.20.0.200"),
        (("vpn", "networks"), ["10.20.0.0/16"]),
        (("site",), "10.77.0.1"),
        (("site",), "https://10.77.0.1/"),
        (("stie",), "https://10.77.0.1"),
        (("mongodb", "port"), "27017"),
    ],
    ids=str,
)
def test_a_wrong_name_is_refused_before_anything_is_deployed(place: tuple[str, ...], value: object) -> None:
    names = json.loads(TEXT)
    inner = names
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(ValueError):
        read_names(json.dumps(names).encode())


def test_the_host_becomes_the_teams_flake_at_its_first_boot(cloud: Cloud) -> None:
    script = cloud.one("EC2::Instance")["UserData"]["Fn::Base64"]
    assert script.startswith("#!/bin/sh\n")
    assert "nixos-rebuild switch --flake 'github:team/paddock#cloud'\n" in script
