"""Offers of help by providers, and gaps: help that is missing in a region."""
