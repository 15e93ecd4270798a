"""The binding advice, its versions and its reconsideration."""
