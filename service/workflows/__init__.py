"""Workflow definitions, their checks, the state machine, and the settings of a region."""
