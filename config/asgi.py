"""The ASGI entry point for any ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_asgi_application()

# Imported only now, because they need the loaded apps.
from batchcalls.batches import epochs  # noqa: E402
from config.bodies import bounded  # noqa: E402

application = bounded(_django)

epochs.confirm_at_start()
