from tests.infra.conftest import Cloud, flat


def test_the_host_is_small_but_large_enough_and_never_bills_surplus(cloud: Cloud) -> None:
    host = cloud.one("EC2::Instance")
    assert host["InstanceType"] == "t4g.small"
    assert host["CreditSpecification"] == {"CPUCredits": "standard"}
    assert host["DisableApiTermination"] is True


def test_the_hosts_credentials_are_not_for_those_who_trick_it(cloud: Cloud) -> None:
    options = cloud.one("EC2::Instance")["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)


def test_there_is_no_ssh_key(cloud: Cloud) -> None:
    assert "KeyName" not in cloud.one("EC2::Instance")


def test_every_disk_is_encrypted(cloud: Cloud) -> None:
    (root,) = cloud.one("EC2::Instance")["BlockDeviceMappings"]
    assert root["Ebs"]["Encrypted"] is True
    assert cloud.one("EC2::Volume")["Encrypted"] is True


def test_data_and_address_outlive_the_host(cloud: Cloud) -> None:
    store = cloud.templates["PaddockStore"]["Resources"].values()
    kept = {it["Type"] for it in store if it.get("DeletionPolicy") == "Retain"}
    assert {"AWS::EC2::Volume", "AWS::EC2::EIP"} <= kept
    assert not {"AWS::EC2::Volume", "AWS::EC2::EIP"} & {
        it["Type"] for it in cloud.templates["PaddockHost"]["Resources"].values()
    }
    assert flat(cloud.one("EC2::VolumeAttachment")["VolumeId"]).startswith("<PaddockStore")
    assert flat(cloud.one("EC2::EIPAssociation")["AllocationId"]).startswith("<PaddockStore")


def test_the_data_volume_is_snapshot_every_night(cloud: Cloud) -> None:
    policy = cloud.one("DLM::LifecyclePolicy")
    assert policy["State"] == "ENABLED"
    (schedule,) = policy["PolicyDetails"]["Schedules"]
    assert schedule["CreateRule"]["Interval"] == 24
    assert schedule["RetainRule"] == {"Count": 7}
    (target,) = policy["PolicyDetails"]["TargetTags"]
    assert target in cloud.one("EC2::Volume")["Tags"]


def test_the_team_hears_when_the_host_is_unwell(cloud: Cloud) -> None:
    alarm = cloud.one("CloudWatch::Alarm", "HostUnwell")
    assert alarm["MetricName"] == "StatusCheckFailed"
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["AlarmActions"]
