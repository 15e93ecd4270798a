"""Migration of running cases to another version of their workflow."""
