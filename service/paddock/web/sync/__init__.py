"""What another Paddock compares, brings and asks; and the page on which people choose."""
