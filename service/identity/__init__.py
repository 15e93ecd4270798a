"""Access tokens and the issuers that are trusted to vouch for people and systems."""
