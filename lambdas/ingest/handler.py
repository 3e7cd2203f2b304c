"""The ingest function: proves, stores and converts what arrives under ``incoming/``.

SQS wakes it with S3's events and with job ids.
"""

from batch import batch_handler

handler = batch_handler("ingest")
