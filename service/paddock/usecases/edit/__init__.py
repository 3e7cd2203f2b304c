"""Edit: what people say about recordings, put beside them, or delete."""
