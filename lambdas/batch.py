"""What the functions have in common: a batch from SQS, each message for itself.

Permanent errors are recorded where people see them and acknowledged; all others make SQS send the message again,
and in the end put it on the dead letter queue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from paddock.errors import Unavailable
from paddock.functions import Container
from paddock.settings import read_settings

Handler = Callable[[dict[str, Any], LambdaContext], Any]


def batch_handler(service: str) -> Handler:
    """The handler of one function. Settings are read and stores opened here: at the cold start."""
    logger = Logger(service=f"paddock-{service}")
    metrics = Metrics(namespace="Paddock", service=service)
    processor = BatchProcessor(event_type=EventType.SQS)
    container = Container(read_settings())

    def handle_record(record: SQSRecord) -> None:
        try:
            container.handle(record.body)
        except Unavailable as error:
            logger.warning(error.message, code=error.code, exc_info=True)
            raise
        except Exception:
            logger.exception("A message was not understood")
            raise
        metrics.add_metric(name="Messages", unit=MetricUnit.Count, value=1)

    @logger.inject_lambda_context
    @metrics.log_metrics
    def handler(event: dict[str, Any], context: LambdaContext) -> Any:
        """Answer which messages of the batch are to be sent again."""
        return process_partial_response(
            event=event, record_handler=handle_record, processor=processor, context=context
        )

    return handler
