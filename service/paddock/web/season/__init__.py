"""The season as one table: SQL, as page and API."""
