"""Observations between the steps of the stories: sight, work lists and, at the end, the whole history."""
