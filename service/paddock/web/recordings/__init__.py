"""One recording: its page, its JSON, its files."""
