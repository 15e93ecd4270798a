"""Who vouches for people and machines: the keys that issuers publish, asked for in time and kept for a while."""
