"""What devices send, as it is seen while it happens: the last minutes in memory, and who watches them."""
