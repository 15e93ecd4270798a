"""Workflow definitions, their checks, the machine that decides, and the settings of a region."""
