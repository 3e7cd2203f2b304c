"""Arguing with cdk-nag: a rule that is not followed is acknowledged beside the resource, with the reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept one finding on this construct and on what is below it.

    Args:
        construct: where the finding is, or above it.
        rule: as synthesizing prints it: ``AwsSolutions::AwsSolutions-EC23``.
        reason: printed into ``validation-report.json``, where a reviewer finds it.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
