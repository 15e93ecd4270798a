"""Casusroute: complex youth-care cases as state machines, with every transition recorded in SQL."""

__version__ = "0.4.1"
API_VERSION = "1.4.0"
