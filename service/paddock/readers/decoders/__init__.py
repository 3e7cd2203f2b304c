"""Message payloads → Arrow, one module per message encoding; a module declares ``ENCODING`` and ``decoder``."""
