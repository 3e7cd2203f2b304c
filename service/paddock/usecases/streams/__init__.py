"""What devices send: decoded to samples, kept as latest values, and made into recordings."""
