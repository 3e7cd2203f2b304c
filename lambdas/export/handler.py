"""The export function: makes the artifacts that people ask for. SQS wakes it with job ids."""

from batch import batch_handler

handler = batch_handler("export")
