"""The heart: a case, its parts, its history and chain, and the one step that changes it."""
