"""What Paddock knows about a test day: pure structures and rules, no I/O."""
