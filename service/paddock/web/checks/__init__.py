"""Checklists: rules that every run has to meet."""
