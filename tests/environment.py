"""The environment that the tests run in; loaded before Django's settings are (``-p``).

Real worker processes that a test starts inherit it.
"""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-and-long-enough-for-the-deployment-checks-42")
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="batchcalls-tests-"))
# pytest-playwright, when it is there, runs an event loop in the main thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Where collected static files would be; WhiteNoise warns when there is no such folder.
os.makedirs(os.path.join(os.environ["DATA_DIR"], "static"), exist_ok=True)
