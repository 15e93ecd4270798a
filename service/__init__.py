"""Casusroute: complex youth-care cases as state machines, every transition kept in SQL."""

__version__ = "0.2.0"
API_VERSION = "1.1.0"
