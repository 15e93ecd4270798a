"""People, organisations, memberships, and the regions that organisations cover."""
