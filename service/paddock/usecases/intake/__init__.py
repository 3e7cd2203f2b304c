"""Intake: how a log comes in, until its bytes are proved and in their place."""
