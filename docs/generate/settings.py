"""docs/reference/settings.md: what an installation may configure."""

from service.settings import settings_table

_INTRODUCTION = """\
# Settings

Every setting is an environment variable. `<NAME>_FILE` names a file that holds the value instead, as secrets of
containers do. Durations carry their unit in the name; times of day and dates are in Europe/Amsterdam.
"""


def settings_page() -> str:
    return f"{_INTRODUCTION}\n{settings_table()}"
