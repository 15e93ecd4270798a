"""A provider's commitment to a line of the advice, and its funding."""
