"""The pages that are made from the code, its tests and the other pages: `python -m docs.generate` writes them."""
