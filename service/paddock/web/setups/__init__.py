"""Setup sheets: on the page of a run, side by side, and the book of all of them."""
