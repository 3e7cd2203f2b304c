"""MCAP bytes → records → Arrow columns; damage and recovery."""
