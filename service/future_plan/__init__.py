"""The plan for after 18."""
