"""What every log becomes: Arrow columns, their statistics, and what is chosen or derived from them."""
