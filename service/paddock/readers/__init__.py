"""Bytes of a log → columns: one folder per kind of log, and the decoders of message encodings."""
