"""One file of a recording: asking for it, and following its making."""
