"""The project's settings, in the environment of the tests."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-and-long-enough-for-the-deployment-checks-42")
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="batchcalls-tests-"))
# Processes that a test starts inherit the environment and must use the project's own settings.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# The folder for collected static files; WhiteNoise warns when it is missing.
os.makedirs(os.path.join(os.environ["DATA_DIR"], "static"), exist_ok=True)

from config.settings import *  # noqa: E402, F403

# Each test creates its own users, and a slow password hash has no use in tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
