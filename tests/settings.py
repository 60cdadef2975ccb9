"""The project's own settings, in the environment that the tests run in."""

import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-and-long-enough-for-the-deployment-checks-42")
os.environ.setdefault("DEBUG", "true")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="batchcalls-tests-"))
# Processes that a test starts inherit the environment, and run on the project's own settings.
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
# Where collected static files would be; WhiteNoise warns when there is no such folder.
os.makedirs(os.path.join(os.environ["DATA_DIR"], "static"), exist_ok=True)

from config.settings import *  # noqa: E402, F403

# Each test makes its own people: a hash that takes a third of a second guards nobody here.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
