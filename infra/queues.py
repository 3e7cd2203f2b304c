"""A queue of work with its dead-letter queue and the alarms on both."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

FUNCTION_TIMEOUT = Duration.minutes(15)
"""The longest that Lambda offers. What takes longer is the host worker's."""

VISIBILITY = Duration.minutes(6 * FUNCTION_TIMEOUT.to_minutes())
"""Six times the function's time, as AWS asks: a message that a busy function could not take comes back unharmed.

Nobody waits these 90 minutes after a crash: Paddock's sweeper announces a job again as soon as its lease is over.
"""

TRIES = 5
KEPT = Duration.days(14)
"""The longest that SQS offers: a queue may wait for a fix over the week of an event."""

TOO_OLD = VISIBILITY.plus(Duration.minutes(30))
"""A message older than a whole retry means that work does not get done."""


class WorkQueue(Construct):
    """``queue`` and ``dead``, and an e-mail when either holds what it should not."""

    def __init__(self, scope: Construct, id: str, *, name: str, notify: sns.ITopic) -> None:
        super().__init__(scope, id)
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{name}-dead",
            retention_period=KEPT,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            # Its URL follows from its name, so the host's settings do not wait for this stack.
            queue_name=name,
            visibility_timeout=VISIBILITY,
            retention_period=KEPT,
            # Long polls: fewer, and none comes back empty by chance.
            receive_message_wait_time=Duration.seconds(20),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=TRIES),
        )
        self.waiting_too_long = cloudwatch.Alarm(
            self,
            "WaitingTooLong",
            alarm_description=f"Paddock {id}: work waits for more than {TOO_OLD.to_minutes():.0f} minutes.",
            metric=self.queue.metric_approximate_age_of_oldest_message(
                period=Duration.minutes(5), statistic="Maximum"
            ),
            threshold=TOO_OLD.to_seconds(),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        self.given_up = cloudwatch.Alarm(
            self,
            "GivenUp",
            alarm_description=f"Paddock {id}: work failed {TRIES} times; see why, then `paddock redrive`.",
            metric=self.dead.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(5), statistic="Maximum"
            ),
            threshold=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        for alarm in (self.waiting_too_long, self.given_up):
            alarm.add_alarm_action(SnsAction(notify))
            alarm.add_ok_action(SnsAction(notify))
