"""Words that all subjects share: languages, messages, code lists, roles, days and refusals. Imports no subject."""
