"""Write every generated page."""

from docs.generate.pages import REFERENCE, pages


def main() -> None:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
