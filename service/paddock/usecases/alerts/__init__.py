"""Alerts: raised, acknowledged, cleared."""
