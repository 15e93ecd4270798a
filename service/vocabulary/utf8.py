"""Bytes read as UTF-8, with or without a byte order mark. Another encoding is refused by its name."""

from pathlib import Path

# A text of another encoding begins with its own mark, or has a zero byte in its first characters.
_MARKS = {b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_BYTES_OF_TWO = 4


class NotUtf8(ValueError):
    """Bytes that are not UTF-8. `encoding`: what they probably are. `line` and `column`: the first one, from 1."""

    def __init__(self, encoding: str, line: int, column: int, source: str = "") -> None:
        super().__init__(f"{source}not UTF-8 at line {line}, character {column}, but probably {encoding}")
        self.encoding, self.line, self.column = encoding, line, column


def decode_utf8(content: bytes, *, source: str = "") -> str:
    """Returns the text without its byte order mark. `source` begins the message of the refusal. Raises NotUtf8."""
    if encoding := _wide_encoding(content):
        raise NotUtf8(encoding, 1, 1, source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", errors="replace")
        column = len(before) - before.rfind("\n")
        raise NotUtf8("Windows-1252", before.count("\n") + 1, column, source) from None


def read_text_file(file: Path) -> str:
    """Returns the text of a file, in lines as Python writes them. Raises OSError, and NotUtf8 with the file."""
    return decode_utf8(file.read_bytes(), source=f"{file}: ").replace("\r\n", "\n").replace("\r", "\n")


def _wide_encoding(content: bytes) -> str | None:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    zeros = content[:_BYTES_OF_TWO].count(0)
    return None if not zeros else "UTF-16" if zeros <= _BYTES_OF_TWO // 2 else "UTF-32"
