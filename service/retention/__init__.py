"""How long a case is kept, legal holds, and destruction by two people."""
