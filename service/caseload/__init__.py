"""Work lists: cases and parts, for the people who work on them."""
