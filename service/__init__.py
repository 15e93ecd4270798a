"""Casusroute: complex youth-care cases as state machines, every transition kept in SQL."""

__version__ = "0.3.1"
API_VERSION = "1.2.0"
