"""Rules: when a signal is so for so long, there is an alert."""
