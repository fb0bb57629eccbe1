"""Settings: everything that may differ comes from the environment, everything else is decided here."""

import sys

# Debian 12's SQLite 3.40 can corrupt a WAL database that two connections checkpoint at once (SQLite before 3.51.3).
try:
    import pysqlite3
    import pysqlite3.dbapi2

    sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"] = pysqlite3, pysqlite3.dbapi2
except ImportError:
    pass

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from config.environment import Environment
from config.keys import fresh, load_or_create

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(BASE_DIR / ".env")
VAR_DIR = (BASE_DIR / env.text("VAR_DIR", "var")).resolve()

# Meta ------------------------------------------------------------------------------------------------------------
META_APPS = {
    kind: {
        "app_id": env.text(f"{kind.upper()}_APP_ID"),
        "secret": env.text(f"{kind.upper()}_APP_SECRET"),
        "verify_token": env.text(f"{kind.upper()}_VERIFY_TOKEN"),
    }
    for kind in ("facebook", "instagram")
}
META_APPS = {kind: app for kind, app in META_APPS.items() if any(app.values())}
DEMO = env.flag("DEMO", default=not META_APPS)
for kind, app in META_APPS.items():
    for part, value in app.items():
        if not value:
            name = f"{kind.upper()}_{'APP_SECRET' if part == 'secret' else part.upper()}"
            env.note("E006", name, f"{name} is missing.", f"An app at Meta needs its id, secret and verify token; set {name} too.")
SIMULATOR_PORT = env.number("SIMULATOR_PORT", default=8900, least=1, most=65_535)
SIMULATOR_URL = f"http://127.0.0.1:{SIMULATOR_PORT}"
GRAPH_VERSION = env.shaped("GRAPH_VERSION", default="v26.0", shape=r"v\d+\.\d+")
GRAPH_URLS = {
    "facebook": env.address("GRAPH_FACEBOOK_URL", default=f"{SIMULATOR_URL}/fb" if DEMO else "https://graph.facebook.com"),
    "instagram": env.address("GRAPH_INSTAGRAM_URL", default=f"{SIMULATOR_URL}/ig" if DEMO else "https://graph.instagram.com"),
}
# Where people log in at Meta, and where Instagram changes the code of a login into a token.
META_LOGIN_URLS = {
    "facebook": env.address("FACEBOOK_LOGIN_URL", default=f"{SIMULATOR_URL}/fb" if DEMO else "https://www.facebook.com"),
    "instagram": env.address("INSTAGRAM_LOGIN_URL", default=f"{SIMULATOR_URL}/ig" if DEMO else "https://www.instagram.com"),
}
INSTAGRAM_TOKEN_URL = env.address("INSTAGRAM_TOKEN_URL", default=f"{SIMULATOR_URL}/ig-api" if DEMO else "https://api.instagram.com")
# Meta takes two readings of conversations a second for each account (Messenger Platform, "Rate limits").
GRAPH_READS_PER_SECOND = env.number("GRAPH_READS_PER_SECOND", default=2, least=1, most=1000)
# Meta's own numbers are in `graph.limits`; 0 keeps to them.
GRAPH_SENDS_PER_SECOND = env.number("GRAPH_SENDS_PER_SECOND", default=0, least=0, most=1000)
# One of Meta's pages wants videos, sound and files that were uploaded to Instagram sent as MEDIA_SHARE, the others by their own type.
GRAPH_MEDIA_SHARE = env.flag("GRAPH_INSTAGRAM_MEDIA_SHARE", default=False)
GRAPH_TRANSPORT = None
# How our own public address is called; tests put something in its place.
DOOR_TRANSPORT = None
FETCH_ALLOWED_HOSTS = env.words("FETCH_ALLOWED_HOSTS") + ([f"127.0.0.1:{SIMULATOR_PORT}"] if DEMO else [])

# Keys and addresses ----------------------------------------------------------------------------------------------
try:
    _keys = load_or_create(VAR_DIR / "keys.env")
except (OSError, ValueError):
    _hint = "Let VAR_DIR be a folder that this user may write. If keys.env is there and damaged, restore it from your back-up."
    env.note("E001", "VAR_DIR", "The keys in VAR_DIR/keys.env cannot be read or made.", _hint)
    _keys = fresh()
SECRET_KEY = env.text("SECRET_KEY") or _keys["SECRET_KEY"]
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS") or _keys["ENCRYPTION_KEYS"].split(",")
# Where running processes look for keys that were rotated; none where the environment names them, or the file cannot be read.
ENCRYPTION_KEYS_FILE = None if env.words("ENCRYPTION_KEYS") or any(problem.id == "E001" for problem in env.problems) else VAR_DIR / "keys.env"
LISTEN_HOST = env.text("HOST", "127.0.0.1")
LISTEN_PORT = env.number("PORT", default=8000, least=1, most=65_535)
PUBLIC_URL = env.address("PUBLIC_URL", default=f"http://localhost:{LISTEN_PORT}")
_public = urlsplit(PUBLIC_URL)
DEBUG = env.flag("DEBUG", default=False)
ALLOWED_HOSTS = sorted({_public.hostname or "localhost", "localhost", "127.0.0.1", *env.words("ALLOWED_HOSTS")})
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
HTTPS = _public.scheme == "https"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
# Whoever starts the process asks it without a proxy.
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Two installations on one host (a try-out beside the real one) must not sign each other out.
SESSION_COOKIE_NAME = f"countersign_{'demo_' if DEMO else ''}session"
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_media_sources = ["'self'", "data:", "blob:", "https:"] + [f"http://{host}" for host in FETCH_ALLOWED_HOSTS]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": _media_sources,
        "media-src": _media_sources,
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Applications ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.CountersignAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "config.apps.ConfigConfig",
    "agents",
    "inbox",
    "accounts",
    "core",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.compressing.CompressPages",
    "csp.middleware.CSPMiddleware",
    "accounts.middleware.no_nul",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.private_pages",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.middleware.personal_settings",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.header",
            ],
        },
    },
]

# People ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# E-mails are unique whatever their case, by a constraint that this check does not understand.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
# Tries at signing in are counted here. A small cache would forget them as soon as somebody tries many e-mails.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}}
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "inbox:conversations"
LOGOUT_REDIRECT_URL = "login"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True

# E-mail ----------------------------------------------------------------------------------------------------------
# Without EMAIL_URL nothing is sent, and the pages say so.
_email = env.email("EMAIL_URL")
MAILS_LEAVE = bool(_email)
EMAIL_BACKEND = _email.pop("EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
vars().update(_email)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", f"Countersign <countersign@{_public.hostname or 'localhost'}>")

# Storage ---------------------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_default_database = f"sqlite:///{VAR_DIR / 'countersign.sqlite3'}"
# The try-out has a file of its own whatever DATABASE_URL says, so it can never write demo rows into real ones.
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database("DATABASE_URL", default=_default_database)
    if not DEMO
    else {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "demo.sqlite3")}
}
POSTGRES = "postgresql" in DATABASES["default"]["ENGINE"]
DATABASES["default"] |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": POSTGRES}
if POSTGRES:
    INSTALLED_APPS += ["procrastinate.contrib.django"]
    # A process that is stopped, or whose machine has lost its power, inside a transaction holds its locks no longer than a lease. Nothing of
    # ours talks to the network in a transaction. (PostgreSQL manual, Client Connection Defaults, Statement Behavior.)
    DATABASES["default"]["OPTIONS"] = {"options": "-c idle_in_transaction_session_timeout=15s"}
else:
    DATABASES["default"]["NAME"] = str(BASE_DIR / DATABASES["default"]["NAME"])
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
MEDIA_ROOT = VAR_DIR / ("demo-media" if DEMO else "media")
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.bundles.BundleFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# Ten pictures of the eight megabytes that Instagram takes, and the form around them.
MAX_BODY_BYTES = 90_000_000

# Work ------------------------------------------------------------------------------------------------------------
SENDING_THREADS = env.number("SENDING_THREADS", default=4, least=1, most=50)
# How long what Meta told is kept as it came; 0 is for ever.
WEBHOOK_DAYS = env.number("WEBHOOK_DAYS", default=30, least=0, most=3_650)
KEPT_EVENT_DAYS = env.number("KEPT_EVENT_DAYS", default=365, least=0, most=3_650)
# How long a file waits that somebody chose and never sent; 0 is for ever.
MEDIA_DAYS = env.number("MEDIA_DAYS", default=7, least=0, most=3_650)
# A worker that is silent for so long is taken for dead.
LEASE_SECONDS = env.number("LEASE_SECONDS", default=15, least=2, most=120)
# For so long after a call without an answer Meta may still carry it out, or tell of it. Then a person is asked.
SETTLE_SECONDS = env.number("SETTLE_SECONDS", default=180, least=2, most=3_600)
SWEEP_SECONDS = 3

DEFAULT_EXCEPTION_REPORTER = "core.error_reports.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "core.error_reports.ReportFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"without_secrets": {"()": "core.redaction.Concealing"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_secrets"]}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING").upper()},
    "loggers": {
        # httpx writes whole addresses at INFO; an address can carry a proof or a signed media link.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "countersign": {"level": "INFO"},
        # Without the handlers of its own that Django brings: they print before ours has looked.
        "django": {"handlers": []},
        "django.server": {"handlers": [], "propagate": True},
    },
}
if LOGGING["root"]["level"] not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:  # type: ignore[index]
    env.note("E007", "LOG_LEVEL", "LOG_LEVEL is not a level.", "Write DEBUG, INFO, WARNING, ERROR or CRITICAL.")
    LOGGING["root"]["level"] = "WARNING"  # type: ignore[index]
ENVIRONMENT_PROBLEMS = env.problems
