"""A lap simulator that writes MCAP logs shaped like a real car's: for the demo, for tests, for benchmarks."""
