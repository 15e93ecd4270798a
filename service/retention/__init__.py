"""Retention: the term of a case, legal holds, and destruction signed by two people."""
