"""Saved arrangements of plots."""
