"""Secret settings as the database and the files of lists hold them: encrypted.

Programs and forms have the plain value, in memory only. `campaigns.settings_field` seals it when
it is stored and opens it when it is read; a cell of a list is opened when its row is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from campaigns import encryption

_MARK: Final = "sealed"
_CELL: Final = f"{_MARK}:"


def seal(value: Any) -> dict[str, str]:
    """Return a value as the database holds it. What is sealed already stays as it is."""
    if is_sealed(value):
        return dict(value)
    return {_MARK: encryption.encrypt(json.dumps(value).encode())}


def unseal(value: Any) -> Any:
    """Return the plain value, or a value that was never sealed.

    A sealed value is returned unchanged if its key is gone, so that nothing is lost. It must not
    be used: see `is_sealed`.
    """
    if not is_sealed(value):
        return value
    try:
        return json.loads(encryption.decrypt(value[_MARK]))
    except encryption.Undecryptable:
        return value


def is_sealed(value: Any) -> bool:
    """Return whether a value is sealed. No secret setting has this form."""
    return isinstance(value, Mapping) and value.keys() == {_MARK}


def seal_cell(text: str) -> str:
    """Return the text of a cell as the file of a list holds it. Blank text stays blank."""
    return f"{_CELL}{encryption.encrypt(text.encode())}" if text.strip() else text


def unseal_cell(value: Any) -> Any:
    """Return the text that `seal_cell` was given, or any other value. Raise `Undecryptable`."""
    if isinstance(value, str) and value.startswith(_CELL):
        return encryption.decrypt(value.removeprefix(_CELL)).decode()
    return value
