"""Storage: where the bytes are, whether they are whole, and a second copy of them."""
