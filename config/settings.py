"""The only settings file; everything that differs between installations is in the environment.

The table of variables is in config/README.md.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import structlog
from csp.constants import NONE, SELF

from campaigns.masked_numbers import log_masked
from config import env, openapi, private

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS", default=[])

PUBLIC_URL = env.url(
    "PUBLIC_URL", default="http://127.0.0.1:8000", schemes=frozenset({"http", "https"})
)
_public = urlsplit(PUBLIC_URL)
_behind_https = _public.scheme == "https"
ALLOWED_HOSTS = env.items(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", _public.hostname or ""]
)
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

# Applications ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "batchcalls",
    "campaigns",
    "config.apps.BackOfficeConfig",
    "django.contrib.auth",
    "django.contrib.humanize",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "axes",
    "django_structlog",
    "django_q",
    "import_export",
    "django_tables2",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "config.headers.permissions_policy",
    "config.probes.answer_probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.streams.BoundedStreams",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.bodies.BoundedBodies",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "batchcalls.access.client_address.RequestLogMiddleware",
    # What the audit log says about where a change came from.
    "batchcalls.access.origins.OriginMiddleware",
    "batchcalls.access.sessions.SessionRules",
    "batchcalls.access.time_zones.TimeZoneOfUser",
    "axes.middleware.AxesMiddleware",
    # Numbers, for people who may not see them: nearest to the views, so that nothing passes by.
    "batchcalls.access.masking.MaskedNumbers",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

# Lets the project's templates override widgets, like those of pages.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database ----------------------------------------------------------------------------------------

_database = env.database("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'batchcalls.sqlite3'}")
# A new connection for each request or task would cost more than its queries.
_database["CONN_MAX_AGE"] = env.integer("CONN_MAX_AGE", default=600)
_database["CONN_HEALTH_CHECKS"] = True
if _database["ENGINE"] == "django.db.backends.sqlite3":
    Path(str(_database["NAME"])).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _database["OPTIONS"] = {
        # A read transaction that becomes a write transaction fails immediately and does not wait.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        # FULL, not NORMAL: a claim lost in a power cut would be dialed a second time.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;"
            # What is erased or purged must not stay in free pages of the file.
            "PRAGMA secure_delete=ON;"
        ),
    }
    _files = [Path(f"{_database['NAME']}{suffix}") for suffix in ("", "-wal", "-shm")]
    private.keep_from_others(*_files)
DATABASES: dict[str, dict[str, Any]] = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Queue -------------------------------------------------------------------------------------------

BROKER_URL = env.url("BROKER_URL", default="", schemes=frozenset({"redis", "rediss", "unix"}))
#: Signs the messages of the queue. Messages signed with another key are dropped.
QUEUE_SIGNING_KEY = env.text("QUEUE_SIGNING_KEY", env.derived(SECRET_KEY, "batchcalls.queue"))
WORKERS = env.integer("WORKERS", default=2, at_least=1)

# Most tasks run for 20 s at most, so a timeout means that one hangs. `retry` is how long a message
# stays locked: the lock starts when the message is fetched, not when work on it begins, so it
# must cover the time in the worker's own queue too, or healthy tasks run twice.
Q_CLUSTER: dict[str, Any] = {
    "name": "batchcalls",
    "label": "Queue",
    "workers": WORKERS,
    "timeout": 120,
    "retry": 1_200,
    "ack_failures": True,
    "max_attempts": 1,
    "catch_up": False,
    "bulk": 1,
    "queue_limit": WORKERS,
    "recycle": 10_000,
    "save_limit": 250,
    # How often workers look for messages in the database: half of it is how long a call waits for
    # an idle worker. Redis tells at once.
    "poll": 0.1,
    **(
        {"redis": BROKER_URL}
        if BROKER_URL
        else {"orm": "default", "broker_class": "batchcalls.queue.DatabaseBroker"}
    ),
}

# Lists and calls ---------------------------------------------------------------------------------

DEFAULT_REGION = env.text("DEFAULT_REGION", "US").upper()
#: In the recipient's time; for campaigns without a policy, on accounts that ring real phones.
#: Source of the default: 47 CFR 64.1200(c)(1).
DEFAULT_CALLING_HOURS = env.hours("DEFAULT_CALLING_HOURS", default="08:00-21:00")
#: To launch more recipients than this, a person must type their number.
CONFIRM_LAUNCH_ABOVE = env.integer("CONFIRM_LAUNCH_ABOVE", default=500, at_least=0)
CHUNK_SIZE = env.integer("CHUNK_SIZE", default=1_000, at_least=1)
MAX_FILE_BYTES = env.integer("MAX_FILE_BYTES", default=50_000_000, at_least=1)
MAX_ROWS = env.integer("MAX_ROWS", default=1_000_000, at_least=1)
MAX_COLUMNS = env.integer("MAX_COLUMNS", default=200, at_least=1)
MAX_ROW_CHARACTERS = env.integer("MAX_ROW_CHARACTERS", default=100_000, at_least=100)
MAX_VALUE_CHARACTERS = env.integer("MAX_VALUE_CHARACTERS", default=2_000, at_least=10)
#: The length of a prompt or another text of a call, and how many variables it may use.
MAX_PROMPT_CHARACTERS = env.integer("MAX_PROMPT_CHARACTERS", default=100_000, at_least=1_000)
MAX_PROMPT_VARIABLES = env.integer("MAX_PROMPT_VARIABLES", default=500, at_least=10)
MAX_WEBHOOK_BYTES = env.integer("MAX_WEBHOOK_BYTES", default=2_000_000, at_least=1_000)
MAX_RECORDING_BYTES = env.integer("MAX_RECORDING_BYTES", default=200_000_000, at_least=1_000)
#: Allow recordings from the server's private network, for your own carrier.
PRIVATE_RECORDINGS = env.boolean("PRIVATE_RECORDINGS", default=False)
DATA_UPLOAD_MAX_MEMORY_SIZE = max(2_621_440, MAX_WEBHOOK_BYTES)
#: How many requests per minute an API key may make, including bursts.
API_REQUESTS_PER_MINUTE = env.integer("API_REQUESTS_PER_MINUTE", default=600, at_least=1)
#: The same for all keys of one person.
API_REQUESTS_PER_MINUTE_PER_PERSON = env.integer(
    "API_REQUESTS_PER_MINUTE_PER_PERSON", default=3_000, at_least=1
)
#: API keys that one person may have at a time, not counting revoked and expired ones.
MAX_API_KEYS = env.integer("MAX_API_KEYS", default=50, at_least=1)
#: The longest API request body in bytes, except file uploads.
MAX_API_BYTES = env.integer("MAX_API_BYTES", default=20_000_000, at_least=1_000)
#: The voice account for calls through the Bland-compatible API at /v1/ and /v2/. If blank: the
#: only enabled account, else the simulator.
BLAND_API_ACCOUNT = env.text("BLAND_API_ACCOUNT", "")
BLAND_API_PURPOSE = env.choice(
    "BLAND_API_PURPOSE",
    default="informational",
    choices=("informational", "marketing", "emergency"),
)
#: The maximum nesting depth of request JSON.
MAX_JSON_DEPTH = env.integer("MAX_JSON_DEPTH", default=20, at_least=3)
#: How long a dead process blocks others from its account or list.
LEASE_SECONDS = env.integer("LEASE_SECONDS", default=60, at_least=1)
#: A claim older than this without a recorded answer has an unknown outcome.
STALE_CLAIM_SECONDS = env.integer("STALE_CLAIM_SECONDS", default=90, at_least=1)
#: A claim older than this is not sent any more, well before another process asks about it.
SEND_WITHIN_SECONDS = STALE_CLAIM_SECONDS / 2
#: Concurrent requests to place calls, per voice account.
PLACING_THREADS = env.integer("PLACING_THREADS", default=128, at_least=1)
#: How long an ending tick waits for pending answers; longer than providers may take.
PLACING_WAIT_SECONDS = 75

# API ---------------------------------------------------------------------------------------------

# Views deny access unless they declare otherwise.
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["batchcalls.api.rendering.Json"],
    "DEFAULT_PARSER_CLASSES": ["batchcalls.api.parsing.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "batchcalls.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "batchcalls.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    # The renderer writes times.
    "DATETIME_FORMAT": None,
}
#: Who may read /api/schema/ and /api/docs/. They are the same in every installation.
API_DOCS = env.choice("API_DOCS", default="public", choices=("public", "staff", "off"))
SPECTACULAR_SETTINGS = openapi.SETTINGS

# Outgoing webhooks -------------------------------------------------------------------------------

#: The key from which webhook signing secrets are derived, with a salt per endpoint; never stored.
WEBHOOK_SIGNING_KEY = env.text("WEBHOOK_SIGNING_KEY", SECRET_KEY)
#: Hosts that may be in a private network, use plain HTTP, and use any port.
WEBHOOK_ALLOWED_HOSTS = [host.lower() for host in env.items("WEBHOOK_ALLOWED_HOSTS", default=[])]
#: Concurrent deliveries per worker.
WEBHOOK_THREADS = env.integer("WEBHOOK_THREADS", default=64, at_least=1)
#: How long requests and responses are kept.
WEBHOOK_LOG_DAYS = env.integer("WEBHOOK_LOG_DAYS", default=30, at_least=1)

# Audit log ---------------------------------------------------------------------------------------

#: How old entries must be for `purgeaudit` to delete them. The database refuses fewer than 90.
AUDIT_DAYS = env.integer("AUDIT_DAYS", default=1_825, at_least=90)

# Monitoring --------------------------------------------------------------------------------------

#: The bearer token of /metrics, which is off without one.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")

# Retention ---------------------------------------------------------------------------------------

#: Days that data of a batch is kept after its end, by kind (keeping.retention). None: for good.
KEEP_UPLOADS_DAYS = env.days("KEEP_UPLOADS_DAYS")
KEEP_NUMBERS_DAYS = env.days("KEEP_NUMBERS_DAYS")
KEEP_TRANSCRIPTS_DAYS = env.days("KEEP_TRANSCRIPTS_DAYS")
KEEP_RECORDINGS_DAYS = env.days("KEEP_RECORDINGS_DAYS")
KEEP_PAYLOADS_DAYS = env.days("KEEP_PAYLOADS_DAYS")
KEEP_EXPORTS_DAYS = env.days("KEEP_EXPORTS_DAYS")

# Files, language, time ---------------------------------------------------------------------------

MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(DATA_DIR / "media")))
private.keep_from_others(MEDIA_ROOT)
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
#: Let the proxy send stored files itself, from its internal location /-/media/.
ACCEL_REDIRECT = env.boolean("ACCEL_REDIRECT", default=False)
#: Downloads of one web process at once; fewer than its threads, or slow readers take them all.
STREAMS_AT_ONCE = env.integer("STREAMS_AT_ONCE", default=4, at_least=1)

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

# Security ----------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _behind_https
SECURE_HSTS_SECONDS = 31_536_000 if _behind_https else 0
# Only the owner of the domain knows whether its other hosts speak HTTPS, and preloading lasts.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.boolean("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if BEHIND_PROXY := env.boolean("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
#: How many entries at the end of X-Forwarded-For are those of our proxies (access.client_address).
PROXY_HOPS = env.integer("PROXY_HOPS", default=1, at_least=1) if BEHIND_PROXY else 0
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"
LOGIN_URL, LOGIN_REDIRECT_URL = "admin:login", "admin:index"
# Sign-in. The rules are in batchcalls.access: throttling, two_step, and sessions.
AUTHENTICATION_BACKENDS = ["batchcalls.access.throttling.PasswordBackend"]
#: Wrong passwords and codes of one name from one address before it is locked.
SIGN_IN_FAILURES = env.integer("SIGN_IN_FAILURES", default=5, at_least=1)
#: The same for all names from one address, and for one name from all addresses.
SIGN_IN_FAILURES_PER_ADDRESS = env.integer("SIGN_IN_FAILURES_PER_ADDRESS", default=50, at_least=1)
SIGN_IN_FAILURES_PER_ACCOUNT = env.integer("SIGN_IN_FAILURES_PER_ACCOUNT", default=50, at_least=1)
#: A failure counts for this long after the last one.
SIGN_IN_LOCK_MINUTES = env.integer("SIGN_IN_LOCK_MINUTES", default=15, at_least=1)
SIGN_IN_LOG_DAYS = env.integer("SIGN_IN_LOG_DAYS", default=90, at_least=1)
#: Groups, “administrators”, or “everyone”; compared without case.
TWO_STEP_REQUIRED_FOR = frozenset(
    name.lower() for name in env.items("TWO_STEP_REQUIRED_FOR", default=[])
)
SESSION_IDLE_MINUTES = env.integer("SESSION_IDLE_MINUTES", default=120, at_least=1)
SESSION_HOURS = env.integer("SESSION_HOURS", default=12, at_least=1)
SESSION_COOKIE_AGE = SESSION_HOURS * 3_600
AXES_HANDLER = "batchcalls.access.throttling.Throttle"
AXES_LOCKOUT_CALLABLE = "batchcalls.access.throttling.locked_response"
AXES_CLIENT_IP_CALLABLE = "batchcalls.access.throttling.network_of_request"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = SIGN_IN_FAILURES
AXES_COOLOFF_TIME = timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = AXES_ENABLE_ACCESS_FAILURE_LOG = AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
#: Form fields that are stored as asterisks.
AXES_SENSITIVE_PARAMETERS = ["username", "code", "old_password", "csrfmiddlewaretoken"]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
# Without these, every staff user could import and export every table.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
# Uploads under review are stored where every web server finds them.
IMPORT_EXPORT_TMP_STORAGE_CLASS = "import_export.tmp_storages.MediaStorage"

# Logging -----------------------------------------------------------------------------------------

LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    # Numbers do not belong into logs, which nobody purges or erases.
    log_masked,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_shared_processors,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.dev.ConsoleRenderer(colors=False)
            if DEBUG
            else structlog.processors.JSONRenderer(),
            "foreign_pre_chain": _shared_processors,
        },
    },
    # Standard output is for the output of commands.
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "batchcalls": {"level": LOG_LEVEL},
        "campaigns": {"level": LOG_LEVEL},
        "django_structlog": {"level": LOG_LEVEL},
        # The addresses of requests may have numbers, which our handler masks.
        "django.server": {"level": LOG_LEVEL, "handlers": ["stderr"], "propagate": False},
        # The same is logged as sign_in_failed and sign_in_locked.
        "axes": {"level": "ERROR"},
        "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    },
}
