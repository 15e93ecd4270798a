"""The databases on which the service is tested."""

ENGINES = ("sqlite", "postgresql")
