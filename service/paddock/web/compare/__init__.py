"""Two recordings over each other, and what differs between them."""
