from tests.infra.conftest import Cloud, flat


def test_a_message_is_hidden_for_six_times_the_functions_time(cloud: Cloud) -> None:
    longest = max(function["Timeout"] for function in cloud.all("Lambda::Function").values())
    for name in ("IngestQueue", "ExportQueue"):
        assert cloud.one("SQS::Queue", name)["VisibilityTimeout"] >= 6 * longest


def test_each_queue_has_its_own_dead_letter_queue(cloud: Cloud) -> None:
    for work in ("Ingest", "Export"):
        redrive = cloud.one("SQS::Queue", f"{work}Queue")["RedrivePolicy"]
        assert flat(redrive["deadLetterTargetArn"]).startswith(f"<{work}Dead")
        assert redrive["maxReceiveCount"] == 5


def test_queues_keep_work_for_two_weeks_encrypted(cloud: Cloud) -> None:
    queues = cloud.all("SQS::Queue").values()
    assert len(queues) == 4
    for queue in queues:
        assert queue["MessageRetentionPeriod"] == 14 * 86_400
        assert queue["SqsManagedSseEnabled"] is True


def test_the_team_hears_of_work_that_waits_and_of_work_given_up(cloud: Cloud) -> None:
    alarms = {
        name: alarm for name, alarm in cloud.all("CloudWatch::Alarm").items() if alarm["Namespace"] == "AWS/SQS"
    }
    for queue, metric in [
        ("IngestQueue", "ApproximateAgeOfOldestMessage"),
        ("IngestDead", "ApproximateNumberOfMessagesVisible"),
        ("ExportQueue", "ApproximateAgeOfOldestMessage"),
        ("ExportDead", "ApproximateNumberOfMessagesVisible"),
    ]:
        watching = [it for it in alarms.values() if flat(it["Dimensions"][0]["Value"]).startswith(f"<{queue}")]
        assert [it["MetricName"] for it in watching] == [metric]
    for alarm in alarms.values():
        assert flat(alarm["AlarmActions"][0]).startswith("<AlarmsTopic")


def test_a_single_message_on_a_dead_letter_queue_is_enough(cloud: Cloud) -> None:
    for work in ("Ingest", "Export"):
        alarm = cloud.one("CloudWatch::Alarm", f"{work}GivenUp")
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (1, "GreaterThanOrEqualToThreshold")


def test_alarms_and_budget_write_to_the_team(cloud: Cloud) -> None:
    subscription = cloud.one("SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "team@example.org")
    (publish,) = (
        it for it in cloud.one("SNS::TopicPolicy")["PolicyDocument"]["Statement"] if it["Effect"] == "Allow"
    )
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    budget = cloud.one("Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 25, "Unit": "USD"}
    kinds = {it["Notification"]["NotificationType"] for it in budget["NotificationsWithSubscribers"]}
    assert kinds == {"ACTUAL", "FORECASTED"}
