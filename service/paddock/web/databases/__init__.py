"""The team's CAN databases: page and API."""
