"""What Paddock needs of the outside: protocols that the adapters fulfil, each held by a contract suite."""
