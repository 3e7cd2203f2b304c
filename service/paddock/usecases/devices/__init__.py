"""Devices: what people say of them, their tokens, and what became of what they sent."""
