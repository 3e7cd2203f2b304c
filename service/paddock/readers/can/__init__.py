"""Logs of CAN frames: one file per way of writing them, and the databases that say what the frames mean."""
