"""Rules of integrity: the digest of heads, and what the entries of a history must say."""
