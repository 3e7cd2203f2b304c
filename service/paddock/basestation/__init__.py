"""Beside the track and in the car: logs come off the car and go to a Paddock, and nothing is lost.

Knows a running Paddock through ``client`` alone.
"""
