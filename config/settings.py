"""Every setting of Vitrine, and the only reader of the environment. Names are flat and carry their units.

With no `DATABASE_URL`, `REDIS_URL` or `MILVUS_URI`, the embedded services of `config.embedded` stand in for each one.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

from config import embedded, object_store

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DATA_DIR = Path(env.str("VITRINE_DATA", default=str(BASE_DIR / ".data"))).resolve()
DEMO = env.bool("VITRINE_DEMO", default=False)
# How many products the demo draws (640 by default, catalog.demo).
DEMO_PRODUCTS = env.int("DEMO_PRODUCTS", default=640)
DEBUG = env.bool("DEBUG", default=False)

# --- services -------------------------------------------------------------------------------------------------------
_endpoints = embedded.endpoints(DATA_DIR)
DATABASE_URL = env.str("DATABASE_URL", default="") or _endpoints.database_url
REDIS_URL = env.str("REDIS_URL", default="") or _endpoints.redis_url
MILVUS_URI = env.str("MILVUS_URI", default="") or _endpoints.milvus_uri
_SERVICE_URLS = {"postgres": "DATABASE_URL", "redis": "REDIS_URL", "milvus": "MILVUS_URI"}
# The services that `manage.py services` and `manage.py demo` start: those without an address of their own.
EMBEDDED_SERVICES = [name for name, url in _SERVICE_URLS.items() if not env.str(url, default="")]
MILVUS_TOKEN = env.str("MILVUS_TOKEN", default="")
# Of one call that writes, lists or compares, and of one that a shopper waits for.
MILVUS_TIMEOUT_S = env.float("MILVUS_TIMEOUT_S", default=30.0)
# Of loading a collection or flushing it, which waits for an index to be built.
MILVUS_BUILD_TIMEOUT_S = env.float("MILVUS_BUILD_TIMEOUT_S", default=600.0)
MILVUS_CONNECT_TIMEOUT_S = env.float("MILVUS_CONNECT_TIMEOUT_S", default=2.0)
MILVUS_SEARCH_TIMEOUT_S = env.float("MILVUS_SEARCH_TIMEOUT_S", default=3.0)

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    if env.str("DATABASE_URL", default="") and not DEMO and not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set: give every web and worker process the same long random SECRET_KEY."
        )
    SECRET_KEY = embedded.secret_key(DATA_DIR)

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE_S", default=60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {})["connect_timeout"] = env.int("DATABASE_CONNECT_TIMEOUT_S", default=5)
# Of a web request; workers and commands may take longer.
DATABASE_STATEMENT_TIMEOUT_S = env.float("DATABASE_STATEMENT_TIMEOUT_S", default=10.0)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Of the cache; Celery waits for its broker as long as it takes.
REDIS_TIMEOUT_S = env.float("REDIS_TIMEOUT_S", default=0.25)
# A part that failed so often in a row is left alone for so long, then one request tries it again.
BREAKER_FAILURES = env.int("BREAKER_FAILURES", default=3)
BREAKER_RESET_S = env.float("BREAKER_RESET_S", default=5.0)
CACHES = {
    "default": {
        "BACKEND": "search.redis_cache.GuardedRedisCache",
        "LOCATION": REDIS_URL,
        # The number is the serializer's (config.cache): what an older release wrote is not read, it expires.
        "KEY_PREFIX": "vitrine2",
        # A search answers without Redis: a round trip takes less than a millisecond, or Redis is not well.
        "OPTIONS": {
            "serializer": "config.cache.PlainSerializer",
            "socket_connect_timeout": REDIS_TIMEOUT_S,
            "socket_timeout": REDIS_TIMEOUT_S,
        },
    }
}

# --- Django ---------------------------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "corsheaders",
    "django_htmx",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "pgtrigger",
    "rest_framework",
    "treebeard",
    "config",
    "catalog",
    "search",
    "workers",
    "storefront",
]
MIDDLEWARE = [
    "telemetry.middleware.WorkMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(DATA_DIR / "static")))
MEDIA_URL = env.str("MEDIA_URL", default="/media/")
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(DATA_DIR / "media")))
# Where this process serves /media/ itself (a laptop, the demo); behind a CDN or S3 it stays off.
SERVE_MEDIA = env.bool("SERVE_MEDIA", default=not env.str("DATABASE_URL", default="") or DEMO or DEBUG)
_S3_BUCKET = env.str("S3_BUCKET", default="")
# Of one connection and of one read of an object store; boto3 itself tries again, with jitter, so many times in all.
_S3_LIMITS = {
    "connect_timeout": env.float("S3_CONNECT_TIMEOUT_S", default=3.0),
    "read_timeout": env.float("S3_READ_TIMEOUT_S", default=10.0),
    "retries": {"mode": "standard", "total_max_attempts": env.int("S3_TRIES", default=3)},
}
STORAGES = {
    "default": (
        {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": _S3_BUCKET,
                "endpoint_url": env.str("S3_ENDPOINT_URL", default=None),
                "client_config": object_store.client_config(_S3_LIMITS),
            },
        }
        if _S3_BUCKET
        else {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20

# --- security -------------------------------------------------------------------------------------------------------
HTTPS = env.bool("HTTPS", default=bool(env.str("DATABASE_URL", default="")) and not DEMO and not DEBUG)
SECURE_SSL_REDIRECT = HTTPS and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# Subdomains and browsers' preload lists are the domain owner's to promise: the shop may have others that speak HTTP.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# Wrong passwords for one name from one address before both together are refused for a while. Not by the name alone: a
# stranger could lock anybody out.
AXES_FAILURE_LIMIT = env.int("ADMIN_LOGIN_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("ADMIN_LOGIN_PAUSE_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "search.api.addresses.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
CORS_URLS_REGEX = r"^/(api|1)/.*$"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-api-key",
    "x-requested-with",
    # Of Algolia's clients.
    "x-algolia-api-key",
    "x-algolia-application-id",
    "x-algolia-agent",
    "request-id",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "X-Request-ID",
]

# --- REST -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["search.api.auth.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["search.api.auth.HasStore"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["search.api.throttling.KeyRateThrottle"],
    "DEFAULT_PARSER_CLASSES": ["search.api.parsers.BoundedJSONParser", "search.api.parsers.BoundedMultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "search.api.errors.problem_response",
    "DEFAULT_VERSIONING_CLASS": None,
    # What an answer looks like is asked for by `Accept`; an unknown ?format= would be a 404.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Vitrine",
    "VERSION": "1",
    "DESCRIPTION": "Visual product search: words, photos, attributes, or any mix, in one request.",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": "catalog.models.product.ImageKind",
        "TriggerKind": "search.rules.records.TriggerKind",
        "ActionKind": "search.rules.records.ActionKind",
        "WordsMatch": "search.rules.records.WordsMatch",
        "PhotosMatch": "search.api.parameters.MATCHES",
        "VersionState": "search.models.VersionState",
        "JobState": "search.upgrading.records.JobState",
        "ChangeKind": "search.upgrading.records.ChangeKind",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "search.api.docs.describe_problems",
    ],
}

# --- the web server (config.serve) and what it takes on ----------------------------------------------------------------
_CORES = os.cpu_count() or 1
WEB_PROCESSES = env.int("WEB_PROCESSES", default=1)
# At once, in each process: of shoppers' requests at most, for their number follows from how slow they make each other.
WEB_SEARCH_SLOTS = env.int("WEB_SEARCH_SLOTS", default=8)
# So many times as long as alone may a request take on average, or fewer are taken at once.
WEB_SLOWER = env.float("WEB_SLOWER", default=2.0)
WEB_CATALOGUE_SLOTS = env.int("WEB_CATALOGUE_SLOTS", default=2)
WEB_ADMIN_SLOTS = env.int("WEB_ADMIN_SLOTS", default=2)
WEB_QUEUE_LENGTH = env.int("WEB_QUEUE_LENGTH", default=12)
# A shopper's request waits out a burst this long, but not a queue that has stood for as long (controlled delay).
WEB_BURST_WAIT_MS = env.float("WEB_BURST_WAIT_MS", default=100.0)
WEB_STANDING_WAIT_MS = env.float("WEB_STANDING_WAIT_MS", default=10.0)
WEB_STAFF_WAIT_S = env.float("WEB_STAFF_WAIT_S", default=5.0)
WEB_REQUEST_TIMEOUT_S = env.float("WEB_REQUEST_TIMEOUT_S", default=30.0)
WEB_MAX_CONNECTIONS = env.int("WEB_MAX_CONNECTIONS", default=512)
# /health/ready asks each part at most this often, and waits for one no longer than this.
HEALTH_LIFETIME_S = env.float("HEALTH_LIFETIME_S", default=1.0)
HEALTH_TIMEOUT_S = env.float("HEALTH_TIMEOUT_S", default=2.0)
# Between being told to stop and stopping: readiness says no, so that a balancer looks elsewhere first.
WEB_DRAIN_S = env.float("WEB_DRAIN_S", default=0.0)
WEB_STOP_TIMEOUT_S = env.int("WEB_STOP_TIMEOUT_S", default=15)

# --- encoder and photos ---------------------------------------------------------------------------------------------
ENCODER_MODEL = env.str("ENCODER_MODEL", default=str(BASE_DIR / "models" / "vitrine-compact-clip"))
ENCODER_DEVICE = env.str("ENCODER_DEVICE", default="auto")
ENCODER_BATCH_SIZE = env.int("ENCODER_BATCH_SIZE", default=64)
# Beside a busy neighbour torch with two threads becomes ten times slower (measured): one thread per process.
ENCODER_THREADS = env.int("ENCODER_THREADS", default=1)
# Of what requests ask, in each process; whoever finds no place in this time is answered by words alone, or told to come again.
ENCODE_PHOTOS_AT_ONCE = env.int("ENCODE_PHOTOS_AT_ONCE", default=max(2, _CORES))
ENCODE_TEXTS_AT_ONCE = env.int("ENCODE_TEXTS_AT_ONCE", default=8)
ENCODE_WAIT_MS = env.float("ENCODE_WAIT_MS", default=500.0)
# torch, or onnx: ONNX Runtime on the exports of `manage.py export_encoder`, the first one of the encoder's present weights.
ENCODER_BACKEND = env.str("ENCODER_BACKEND", default="torch")
ENCODER_EXPORTS = [Path(name) for name in env.list("ENCODER_EXPORTS", default=[str(DATA_DIR / "encoder-onnx")])]
# Shares of a query photo's sides: its centre is searched too. None by default (docs/evaluation.md, "Photo care").
QUERY_PHOTO_CROPS = tuple(env.list("QUERY_PHOTO_CROPS", cast=float, default=[]))
# The box that the product fills is searched too; needs OpenCV (the extra photo-care) and 70 ms a photo.
QUERY_PHOTO_CUT = env.bool("QUERY_PHOTO_CUT", default=False)
# Repeated words and photos are not encoded again; 0 keeps no query's vector.
QUERY_VECTOR_LIFETIME_S = env.int("QUERY_VECTOR_LIFETIME_S", default=3600)
IMAGE_MAX_BYTES = env.int("IMAGE_MAX_BYTES", default=20 * 2**20)
IMAGE_MAX_PIXELS = env.int("IMAGE_MAX_PIXELS", default=50_000_000)
IMAGE_FETCH_TIMEOUT_S = env.float("IMAGE_FETCH_TIMEOUT_S", default=10.0)
IMAGE_CONNECT_TIMEOUT_S = env.float("IMAGE_CONNECT_TIMEOUT_S", default=3.0)
# Photos at addresses of this very machine; off, because an address may come from anybody.
IMAGE_FETCH_ALLOW_LOOPBACK = env.bool("IMAGE_FETCH_ALLOW_LOOPBACK", default=False)
QUERY_IMAGE_LIFETIME_S = env.int("QUERY_IMAGE_LIFETIME_S", default=3600)

# --- search and index -----------------------------------------------------------------------------------------------
SEARCH_POOL_SIZE = env.int("SEARCH_POOL_SIZE", default=2000)
SEARCH_POOL_LIFETIME_S = env.int("SEARCH_POOL_LIFETIME_S", default=300)
SEARCH_DEADLINE_MS = env.int("SEARCH_DEADLINE_MS", default=10_000)
INDEX_TYPE = env.str("INDEX_TYPE", default="AUTO")
INDEX_COLLECTION_PREFIX = env.str("INDEX_COLLECTION_PREFIX", default="vitrine")
INDEX_BATCH_SIZE = env.int("INDEX_BATCH_SIZE", default=128)
INDEX_LEASE_S = env.int("INDEX_LEASE_S", default=120)
# The share of vector searches that are asked again exactly, in the background; 0 measures nothing.
RECALL_SAMPLE_SHARE = env.float("RECALL_SAMPLE_SHARE", default=0.01)
# Each replay reads about so many rows (2 KB each at 512 numbers): their vectors are compared one by one.
RECALL_REPLAY_MAX_ROWS = env.int("RECALL_REPLAY_MAX_ROWS", default=200_000)
RECALL_RETENTION_DAYS = env.int("RECALL_RETENTION_DAYS", default=90)
# A version is built in small batches with pauses: live changes and searches come first.
INDEX_BUILD_BATCH_SIZE = env.int("INDEX_BUILD_BATCH_SIZE", default=16)
INDEX_BUILD_SHARE = env.float("INDEX_BUILD_SHARE", default=0.5)
INDEX_BUILD_MAX_SLOWDOWN = env.float("INDEX_BUILD_MAX_SLOWDOWN", default=1.3)
INDEX_BUILD_WORKERS = env.int("INDEX_BUILD_WORKERS", default=1)
# Linux: how much nicer than its worker a build is to others on the processor, as in `nice -n`.
INDEX_BUILD_NICENESS = env.int("INDEX_BUILD_NICENESS", default=10)
# What a version must show before it is promoted: NDCG@10 lost at most, recall@10 against exact search at least.
INDEX_MAX_QUALITY_LOSS = env.float("INDEX_MAX_QUALITY_LOSS", default=0.01)
INDEX_MIN_RECALL = env.float("INDEX_MIN_RECALL", default=0.99)
# How long a promotion waits for searching processes to load the encoder.
INDEX_WARM_TIMEOUT_S = env.float("INDEX_WARM_TIMEOUT_S", default=120.0)
# How long the version that was live before follows the catalogue, so that a rollback loses nothing.
INDEX_STANDBY_HOURS = env.float("INDEX_STANDBY_HOURS", default=24.0)
# Encoders that may be named by REST and in the admin, with commas; commands may name any.
INDEX_ENCODERS = [ENCODER_MODEL, *env.list("INDEX_ENCODERS", default=[])]
for _name, _value, _is_right in (
    ("INDEX_BUILD_BATCH_SIZE", INDEX_BUILD_BATCH_SIZE, INDEX_BUILD_BATCH_SIZE >= 1),
    ("INDEX_BUILD_SHARE", INDEX_BUILD_SHARE, 0 < INDEX_BUILD_SHARE <= 1),
    ("INDEX_BUILD_MAX_SLOWDOWN", INDEX_BUILD_MAX_SLOWDOWN, INDEX_BUILD_MAX_SLOWDOWN >= 1),
    ("INDEX_BUILD_WORKERS", INDEX_BUILD_WORKERS, 1 <= INDEX_BUILD_WORKERS <= 64),
    ("INDEX_BUILD_NICENESS", INDEX_BUILD_NICENESS, 0 <= INDEX_BUILD_NICENESS <= 19),
    ("INDEX_MIN_RECALL", INDEX_MIN_RECALL, 0 <= INDEX_MIN_RECALL <= 1),
):
    if not _is_right:
        raise ImproperlyConfigured(f"{_name} is {_value}: see docs/operating.md for what it may be.")

# --- what shoppers searched and did ---------------------------------------------------------------------------------
EVENT_RETENTION_DAYS = env.int("EVENT_RETENTION_DAYS", default=180)
POPULARITY_HALF_LIFE_DAYS = env.float("POPULARITY_HALF_LIFE_DAYS", default=14.0)
# So many separate searches must have asked the same words before they are suggested to others.
POPULAR_QUERY_MIN_SEARCHES = env.int("POPULAR_QUERY_MIN_SEARCHES", default=5)

# --- throttling (requests a minute, per key) --------------------------------------------------------------------------
THROTTLE_PUBLISHABLE_PER_MINUTE = env.int("THROTTLE_PUBLISHABLE_PER_MINUTE", default=600)
THROTTLE_SECRET_PER_MINUTE = env.int("THROTTLE_SECRET_PER_MINUTE", default=6000)

# --- metrics --------------------------------------------------------------------------------------------------------
# With a token, /metrics asks for it as a bearer; without one it answers this machine only (the demo: anybody).
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Where the processes of this machine (or container) keep their counts for each other to add up; empty: each its own alone.
METRICS_DIR = env.str("METRICS_DIR", default=str(DATA_DIR / "metrics"))
if METRICS_DIR:
    embedded.make_shared_dir(Path(METRICS_DIR), data_dir=DATA_DIR)
    # How prometheus_client is told; it looks when it is imported, which is after the settings.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = METRICS_DIR
# host:port where a Celery worker answers /metrics itself, for a worker on a machine without a web server.
WORKER_METRICS_ADDRESS = env.str("WORKER_METRICS_ADDRESS", default="")

# --- traces ---------------------------------------------------------------------------------------------------------
# The address of an OTLP/HTTP collector, such as http://localhost:4318; empty: no traces. Needs the extra `tracing`.
TRACING_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
TRACING_SHARE = env.float("TRACING_SHARE", default=1.0)
# Whether a caller's `traceparent` is gone on with: only where callers are your own.
TRACING_ACCEPT_PARENT = env.bool("TRACING_ACCEPT_PARENT", default=False)
# Whether the tasks of the schedule are traced too: several a second that mostly find nothing to do.
TRACING_SCHEDULED = env.bool("TRACING_SCHEDULED", default=False)

# --- Celery ---------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_TASK_ROUTES = {
    "workers.tasks.index_*": {"queue": "index"},
    "workers.tasks.sweep_*": {"queue": "index"},
    "workers.tasks.import_*": {"queue": "import"},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    # `expires` keeps a queue behind a dead worker from filling with sweeps that the next one makes needless.
    "sweep-recent": {
        "task": "workers.tasks.sweep_recent",
        "schedule": timedelta(seconds=1),
        "options": {"expires": 5},
    },
    "sweep-all": {
        "task": "workers.tasks.sweep_all",
        "schedule": timedelta(minutes=2),
        "options": {"expires": 110},
    },
    "build-versions": {
        "task": "workers.tasks.index_build",
        "schedule": timedelta(seconds=4),
        "options": {"expires": 10},
    },
    "versions-asked": {
        "task": "workers.tasks.run_asked",
        "schedule": timedelta(seconds=4),
        "options": {"expires": 10},
    },
    "verify": {
        "task": "workers.tasks.sweep_verify",
        "schedule": timedelta(minutes=30),
        "options": {"expires": 1700},
    },
    "vocabularies": {
        "task": "workers.tasks.refresh_vocabularies",
        "schedule": timedelta(minutes=2),
        "options": {"expires": 110},
    },
    "import-jobs": {
        "task": "workers.tasks.import_forgotten",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 14},
    },
    "import-photos": {
        "task": "workers.tasks.import_photos",
        "schedule": timedelta(seconds=15),
        "options": {"expires": 14},
    },
    "calibrate": {
        "task": "workers.tasks.calibrate",
        "schedule": timedelta(minutes=15),
        "options": {"expires": 890},
    },
    "palettes-recent": {
        "task": "workers.tasks.palettes_recent",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 4},
    },
    "palettes-all": {
        "task": "workers.tasks.palettes_all",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 55},
    },
    "suggest-attributes": {
        "task": "workers.tasks.suggest_attributes",
        "schedule": timedelta(hours=6),
        "options": {"expires": 3600},
    },
    "keep-searches": {
        "task": "workers.tasks.keep_searches",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "popularity": {
        "task": "workers.tasks.refresh_popularity",
        "schedule": timedelta(minutes=30),
        "options": {"expires": 1700},
    },
    "replay-recall": {
        "task": "workers.tasks.replay_recall",
        "schedule": timedelta(minutes=30),
        "options": {"expires": 1700},
    },
    "fold-changes": {
        "task": "workers.tasks.fold_changes",
        "schedule": timedelta(seconds=20),
        "options": {"expires": 15},
    },
    "find-duplicates": {
        "task": "workers.tasks.find_duplicates",
        "schedule": timedelta(hours=24),
        "options": {"expires": 3600},
    },
    "tidy": {"task": "workers.tasks.tidy", "schedule": timedelta(minutes=10), "options": {"expires": 590}},
}

# --- logging --------------------------------------------------------------------------------------------------------
# plain, or json: one object a line.
LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
_FORMATTERS = {"plain": "telemetry.logs.PlainFormatter", "json": "telemetry.logs.JsonLinesFormatter"}
if LOG_FORMAT not in _FORMATTERS:
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}: use plain or json.")
# What no log line may hold, wherever it came from.
SECRETS = [SECRET_KEY, MILVUS_TOKEN, METRICS_TOKEN]
SECRETS += [urlsplit(url).password or "" for url in (DATABASE_URL, REDIS_URL, MILVUS_URI)]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"work": {"()": "telemetry.logs.WorkFilter"}},
    "formatters": {"chosen": {"()": _FORMATTERS[LOG_FORMAT], "secrets": SECRETS}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "chosen", "filters": ["work"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"level": "INFO"},
        # Django adds a handler of its own; the access log says each request once.
        "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
        "pymilvus": {"level": "CRITICAL", "propagate": False},
        "sentence_transformers": {"level": "WARNING"},
        # A sweep each second would be three lines each second.
        **{
            name: {"level": "WARNING"}
            for name in ("celery.beat", "celery.worker.strategy", "celery.worker.request", "celery.app.trace")
        },
    },
}


# Pages below a model's list that the sidebar has links of their own for.
_OWN_PAGES = ("insights/", "playground/")


def _admin_link(title: str, icon: str, model: str) -> dict[str, object]:
    """A link of the admin's sidebar to a model's list, shown to whoever may see it."""
    app, name = model.split("_")
    link = reverse_lazy(f"admin:{model}_changelist")
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "active": lambda request: (
            request.path.startswith(str(link)) and not request.path.removeprefix(str(link)).startswith(_OWN_PAGES)
        ),
        "permission": lambda request: (
            request.user.has_module_perms(app) and request.user.has_perm(f"{app}.view_{name}")
        ),
    }


UNFOLD = {
    "SITE_TITLE": "Vitrine",
    "SITE_HEADER": "Vitrine",
    "SITE_SUBHEADER": "Catalogue and search",
    "SITE_SYMBOL": "storefront",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("storefront/icon.svg")},
    ],
    "DASHBOARD_CALLBACK": "catalog.admin.dashboard.dashboard",
    "COLORS": {
        "primary": {
            "50": "oklch(98.4% .014 180.7)",
            "100": "oklch(95.3% .051 180.8)",
            "200": "oklch(91% .096 180.4)",
            "300": "oklch(85.5% .138 181.1)",
            "400": "oklch(77.7% .152 181.9)",
            "500": "oklch(70.4% .14 182.5)",
            "600": "oklch(60% .118 184.7)",
            "700": "oklch(51.1% .096 186.4)",
            "800": "oklch(43.7% .078 188.2)",
            "900": "oklch(38.6% .063 188.4)",
            "950": "oklch(27.7% .046 192.5)",
        }
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "title": "Catalogue",
                "separator": True,
                "items": [
                    _admin_link("Products", "checkroom", "catalog_product"),
                    _admin_link("Categories", "account_tree", "catalog_category"),
                    _admin_link("Brands", "sell", "catalog_brand"),
                    _admin_link("Attributes", "palette", "catalog_attribute"),
                    _admin_link("Suggestions", "auto_awesome", "search_attributesuggestion"),
                    _admin_link("Imports", "upload_file", "catalog_importjob"),
                ],
            },
            {
                "title": "Merchandising",
                "separator": True,
                "items": [
                    _admin_link("Rules", "rule", "search_rule"),
                    _admin_link("Synonyms", "sync_alt", "search_synonym"),
                    _admin_link("Presets", "bookmarks", "search_preset"),
                ],
            },
            {
                "title": "Search",
                "separator": True,
                "items": [
                    {
                        "title": "Playground",
                        "icon": "science",
                        "link": reverse_lazy("admin:search_playground"),
                        "active": lambda request: request.path.startswith(str(reverse_lazy("admin:search_playground"))),
                        "permission": lambda request: request.user.has_perm("catalog.view_product"),
                    },
                    {
                        **_admin_link("Search insights", "insights", "search_searchlog"),
                        "link": reverse_lazy("admin:search_searchlog_insights"),
                        "active": lambda request: request.path == str(reverse_lazy("admin:search_searchlog_insights")),
                    },
                    _admin_link("Index versions", "database", "search_indexversion"),
                    _admin_link("Recall", "my_location", "search_recallsample"),
                    _admin_link("Index entries", "image_search", "search_indexentry"),
                    _admin_link("Judged sets", "fact_check", "search_judgedsetrow"),
                    _admin_link("Judged queries", "quiz", "search_judgedqueryrow"),
                    _admin_link("Fitted attributes", "tune", "search_fittedattribute"),
                ],
            },
            {
                "title": "Access",
                "separator": True,
                "items": [
                    _admin_link("Stores", "storefront", "catalog_store"),
                    _admin_link("API keys", "key", "catalog_apikey"),
                    _admin_link("Users", "person", "auth_user"),
                    _admin_link("Groups", "group", "auth_group"),
                ],
            },
        ],
    },
}
