"""Two running Paddocks come to say the same; each is spoken to as by any client."""
