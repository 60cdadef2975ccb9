"""The ASGI entry point for any ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_asgi_application()

# Imported only now, because it needs the loaded apps.
from batchcalls.batches import epochs  # noqa: E402

epochs.confirm_at_start()
