"""Dashboards of what devices send: pages and API."""
