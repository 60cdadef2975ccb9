"""How responses are written: JSON in which all times have one form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

from batchcalls.database import clock


class _Encoder(JSONEncoder):
    """Writes times as `clock.text_of` does; serializers leave them as they are."""

    def default(self, obj: Any) -> Any:
        """Return a value that JSON has."""
        return clock.text_of(obj) if isinstance(obj, datetime) else super().default(obj)


class Json(JSONRenderer):
    """Renders JSON."""

    encoder_class = _Encoder
