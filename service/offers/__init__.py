"""Help that providers offer in a region, and help that is missing."""
