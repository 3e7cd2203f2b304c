"""Laps, venues and laps over each other: pages and API."""
