"""People: who belongs to the team and is let in."""
