"""The team's metadata fields: page and API."""
