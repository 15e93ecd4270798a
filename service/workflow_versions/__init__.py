"""Moving running cases to a new version of their workflow."""
