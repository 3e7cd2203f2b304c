"""Devices: pages and API, and how they send by HTTP and WebSocket."""
