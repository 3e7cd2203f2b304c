"""What people and programs do with Paddock: one verb per file."""
