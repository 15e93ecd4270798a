"""Vocabulary that all subjects share: languages, messages, code lists, roles, days, refusals. Imports no subject."""
