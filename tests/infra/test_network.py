import ipaddress

from infra.names import NAMES
from tests.infra.conftest import Cloud, flat


def test_nothing_in_the_network_is_billed_by_the_hour_but_the_host_and_its_address(cloud: Cloud) -> None:
    assert not cloud.all("EC2::NatGateway")
    endpoint = cloud.one("EC2::VPCEndpoint")
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert flat(endpoint["ServiceName"]).endswith(".s3")
    assert len(cloud.all("EC2::EIP")) == 1
    assert not cloud.all("Route53::HostedZone")
    assert not cloud.all("SecretsManager::Secret")
    assert not cloud.all("KMS::Key")


def test_the_functions_subnet_has_no_route_to_the_internet(cloud: Cloud) -> None:
    (route,) = cloud.all("EC2::Route").values()
    assert "hostSubnet" in flat(route["RouteTableId"])


def test_the_way_to_s3_leads_to_our_buckets_alone(cloud: Cloud) -> None:
    (statement,) = cloud.one("EC2::VPCEndpoint")["PolicyDocument"]["Statement"]
    buckets = {flat(resource).rpartition(":::")[2] for resource in statement["Resource"]}
    assert buckets == {
        "paddock-recordings-<AWS::AccountId>-us-east-1",
        "paddock-recordings-<AWS::AccountId>-us-east-1/*",
        "paddock-secrets-<AWS::AccountId>-us-east-1/mongodb-url",
    }
    assert "s3:DeleteObjectVersion" not in statement["Action"]


def test_wireguard_is_the_only_open_port(cloud: Cloud) -> None:
    groups = cloud.all("EC2::SecurityGroup").values()
    (rule,) = (rule for group in groups for rule in group.get("SecurityGroupIngress", []))
    assert (rule["CidrIp"], rule["IpProtocol"]) == ("0.0.0.0/0", "udp")
    assert rule["FromPort"] == rule["ToPort"] == 51820


def test_mongodb_answers_the_functions_alone(cloud: Cloud) -> None:
    (rule,) = cloud.all("EC2::SecurityGroupIngress").values()
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 27017, 27017)
    assert "FunctionsGroup" in flat(rule["SourceSecurityGroupId"])
    assert "HostGroup" in flat(rule["GroupId"])


def test_functions_reach_mongodb_and_https_alone(cloud: Cloud) -> None:
    group = cloud.one("EC2::SecurityGroup", "NetworkFunctionsGroup")
    (https,) = group["SecurityGroupEgress"]
    assert (https["IpProtocol"], https["FromPort"], https["ToPort"]) == ("tcp", 443, 443)
    (mongodb,) = cloud.all("EC2::SecurityGroupEgress").values()
    assert mongodb["FromPort"] == mongodb["ToPort"] == 27017


def test_the_hosts_address_lies_in_its_subnet(cloud: Cloud) -> None:
    subnet = cloud.one("EC2::Subnet", "NetworkVpchost")
    address = cloud.one("EC2::Instance")["PrivateIpAddress"]
    assert ipaddress.ip_address(address) in ipaddress.ip_network(subnet["CidrBlock"])
    assert subnet["MapPublicIpOnLaunch"] is False


def test_the_hosts_own_filter_lets_the_functions_subnet_in(cloud: Cloud) -> None:
    assert cloud.one("EC2::Subnet", "NetworkVpcfunctions")["CidrBlock"] == NAMES.vpc.functions
