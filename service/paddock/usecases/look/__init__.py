"""Look: what a recording shows before anybody takes it away."""
