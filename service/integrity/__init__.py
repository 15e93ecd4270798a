"""Integrity: verification of histories, one digest over the last entry of every case, and backups."""
