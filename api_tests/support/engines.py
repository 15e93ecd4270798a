"""The databases that the service is tried on."""

ENGINES = ("sqlite", "postgresql")
