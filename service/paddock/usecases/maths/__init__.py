"""Maths channels: what a team computes from signals, checked, kept, and computed of every recording."""
