"""Write every generated page."""

from docs.generate.pages import DOCS, pages


def main() -> None:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
