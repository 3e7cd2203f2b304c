"""Users and what they changed, for admins; and everybody's own account."""
