"""The pages of docs/reference/ that are made from the code and its tests: `python -m docs.generate` writes them."""
