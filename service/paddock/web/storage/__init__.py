"""Where the bytes are, and whether there is a backup."""
