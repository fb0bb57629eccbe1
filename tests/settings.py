"""Settings of the tests: the product's own, with a temporary place for files, and Meta as the simulator."""

import os
import tempfile
from math import inf
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="countersign-tests-")
os.environ["VAR_DIR"] = _folder
for _name in ("FACEBOOK", "INSTAGRAM"):
    os.environ[f"{_name}_APP_ID"] = f"{_name}1"
    os.environ[f"{_name}_APP_SECRET"] = f"{_name.lower()}-app-secret"
    os.environ[f"{_name}_VERIFY_TOKEN"] = f"{_name.lower()}-verify"

from config.settings import *  # noqa: E402, F403
from config.settings import DATABASES, POSTGRES  # noqa: E402

# Tests send much in one second; those about pace set it to 0, as in production. No installation can ask for this: the environment takes whole numbers.
GRAPH_SENDS_PER_SECOND = inf
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = Path(_folder) / "static"  # empty, and there: a fresh clone has collected nothing yet
STATIC_ROOT.mkdir()
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
CONN_MAX_AGE = 0
DATABASES["default"]["CONN_MAX_AGE"] = 0
if POSTGRES:
    # Each test is one transaction, and a slow machine may think for long in it.
    del DATABASES["default"]["OPTIONS"]
else:
    # A file, not memory: threads must meet each other's locks as they do in production.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_folder) / "test.sqlite3")}
LOGGING = {"version": 1, "disable_existing_loggers": False}
