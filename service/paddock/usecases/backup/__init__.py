"""Backup: all documents and the inventory of objects, made, proved, kept and restored."""
