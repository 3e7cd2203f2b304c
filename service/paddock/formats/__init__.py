"""Arrow columns → a file. One module per file format, each with a ``FORMAT``; ``registry`` finds them."""
