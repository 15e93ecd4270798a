"""Checks of the goals and what closes a case."""
