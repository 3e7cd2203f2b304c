"""Laps of recordings, and the venues whose lines they are timed by."""
