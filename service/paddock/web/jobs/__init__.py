"""What is queued, running, done and dead."""
