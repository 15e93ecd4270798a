"""Pages of a list: how many items at most, and the cursor to the next."""

MOST = 200
