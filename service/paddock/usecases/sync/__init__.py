"""Sync: what this Paddock tells another one and takes from it, and what people choose where both differ."""
