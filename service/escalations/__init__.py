"""Questions to the expertise network and the national level."""
