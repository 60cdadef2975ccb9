"""The WSGI entry point: ``gunicorn config.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Imported only now, because it needs the loaded apps.
from batchcalls.batches import epochs  # noqa: E402

epochs.confirm_at_start()
