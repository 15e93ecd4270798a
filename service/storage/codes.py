"""Coded facts as they stand in a row: canonical JSON, code list to the codes chosen."""

import json
from collections.abc import Mapping
from types import MappingProxyType

_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def read_codes(text: str | None) -> Mapping[str, tuple[str, ...]]:
    if text is None:
        return _NONE
    return {name: tuple(codes) for name, codes in json.loads(text).items()}
