"""The outside systems: each file fulfils a port with one of them."""
