"""Dashboards that people build of what devices send."""
