"""Checklists: rules that every run has to meet, run on every log that comes in and over history."""
