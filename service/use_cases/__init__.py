"""One verb per function; the transaction is the caller's, the clock and the actor come in."""
