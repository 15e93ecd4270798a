"""Verification that histories are whole, and the digest of all heads."""
