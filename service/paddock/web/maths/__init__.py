"""The team's maths channels: page and API."""
