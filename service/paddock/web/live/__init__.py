"""What devices send, while it happens: pages, API and the one WebSocket of a page."""
