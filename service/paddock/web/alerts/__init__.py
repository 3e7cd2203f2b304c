"""What is wrong, what somebody saw, and what is over."""
