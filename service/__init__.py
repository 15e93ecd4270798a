"""Casusroute: complex youth-care cases as state machines, with every transition recorded in SQL."""

__version__ = "0.3.2"
API_VERSION = "1.3.0"
