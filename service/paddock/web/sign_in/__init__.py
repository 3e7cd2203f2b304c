"""Sign in and out: the page, the API, and the link by which somebody chooses a password."""
