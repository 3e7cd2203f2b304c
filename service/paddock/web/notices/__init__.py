"""Who is told what, elsewhere."""
