"""Changing what is said about recordings, one by one and many at once; deleting and bringing back."""
