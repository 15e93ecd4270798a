"""Settings of Sphinx, which builds docs/ as a site (`make docs`)."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Casusroute"
author = "the Casusroute developers"
language = "en"
extensions = ["myst_parser"]
myst_heading_anchors = 3  # links may name a heading: page.md#its-words
exclude_patterns = ["generate", "_build"]
nitpicky = True
html_theme = "furo"
html_title = "Casusroute"
html_show_sphinx = False
html_copy_source = False


def setup(app: Sphinx) -> None:
    """Show the language of the drawings as text; code hosts draw it."""
    app.add_lexer("mermaid", TextLexer)
