"""How fast the service is, next to the least that the same rows cost on this machine."""
