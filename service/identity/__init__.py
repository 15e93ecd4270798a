"""Access tokens, and the trusted issuers that sign them for people and machines."""
