"""Leaves the functions' URL of the database where they read it: ``hand_over_url.py FILE BUCKET KEY``.

The machine may write this object and not read it. Running functions keep the old URL until their next cold start.
"""

import sys
from pathlib import Path

import boto3

file, bucket, key = sys.argv[1:]
boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=Path(file).read_bytes())
