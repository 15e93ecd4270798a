"""Integrity: verification of histories, the digest of all heads, and backups."""
