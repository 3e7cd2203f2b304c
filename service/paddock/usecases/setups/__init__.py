"""Setup sheets: how the car was set up, run by run, and what changed."""
