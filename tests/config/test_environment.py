"""A wrong or missing variable is a check with an id and a hint, never a traceback."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import config.settings
from config import checks

ROOT = Path(config.settings.BASE_DIR)
CREDENTIALS = {"FACEBOOK_APP_ID": "1", "FACEBOOK_APP_SECRET": "two", "FACEBOOK_VERIFY_TOKEN": "three"}
NONSENSE = [
    ({"DEMO": "perhaps"}, "E002"),
    ({"DEBUG": "2"}, "E002"),
    ({"PORT": "http"}, "E003"),
    ({"PORT": "70000"}, "E003"),
    ({"PORT": "٣"}, "E003"),
    ({"SIMULATOR_PORT": "-1"}, "E003"),
    ({"SENDING_THREADS": "0"}, "E003"),
    ({"SENDING_THREADS": "9" * 5000}, "E003"),
    ({"PUBLIC_URL": "inbox.example.com"}, "E004"),
    ({"PUBLIC_URL": "http://[::1"}, "E004"),
    ({"PUBLIC_URL": "https://inbox.example.com:99999"}, "E004"),
    ({"GRAPH_FACEBOOK_URL": "ftp://graph"}, "E004"),
    ({"GRAPH_INSTAGRAM_URL": "https://"}, "E004"),
    (CREDENTIALS | {"DATABASE_URL": "mysql://u:p@h/n"}, "E005"),
    (CREDENTIALS | {"DATABASE_URL": "postgres://u:p@h:port/n"}, "E005"),
    (CREDENTIALS | {"DATABASE_URL": "postgres://u:p@h"}, "E005"),
    (CREDENTIALS | {"DATABASE_URL": "sqlite://"}, "E005"),
    ({"FACEBOOK_APP_ID": "1"}, "E006"),
    ({"INSTAGRAM_APP_SECRET": "$HOME"}, "E006"),
    ({"LOG_LEVEL": "chatty"}, "E007"),
    ({"GRAPH_VERSION": "26"}, "E009"),
    ({"VAR_DIR": "/dev/null/var"}, "E001"),
    ({"VAR_DIR": "/proc/countersign"}, "E001"),
]


def surroundings(folder, variables):
    """The environment with these variables and no others of ours."""
    ours = config.settings.env.names | {"DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | {"VAR_DIR": str(folder)} | variables


def manage(*arguments, folder, **variables):
    """Run manage.py as a stranger would."""
    environment = surroundings(folder, variables)
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("variables", "id"), NONSENSE, ids=lambda value: "-".join(value)[:60] if isinstance(value, dict) else value)
def test_nonsense_is_noted_with_a_hint(variables, id, tmp_path, monkeypatch):
    for name in config.settings.env.names:
        monkeypatch.delenv(name, raising=False)
    for name, value in surroundings(tmp_path, variables).items():
        monkeypatch.setenv(name, value)
    problems = runpy.run_path(str(ROOT / "config" / "settings.py"))["ENVIRONMENT_PROBLEMS"]
    assert {problem.id for problem in problems} == {id}
    assert all(problem.message.endswith(".") and problem.hint.endswith(".") for problem in problems)


@pytest.mark.parametrize("keys", [[], ["short"], ["é"], ["A" * 44, "x"]])
def test_bad_encryption_keys_are_noted(keys, settings):
    settings.ENCRYPTION_KEYS = keys
    assert [message.id for message in checks.encryption_keys()] == ["countersign.E010"]


@pytest.mark.parametrize("host", ["localhost", "http://localhost:1/x", "localhost:x", "me@localhost:1", "[::1"])
def test_bad_hosts_are_noted(host, settings):
    settings.FETCH_ALLOWED_HOSTS = ["127.0.0.1:8900", host]
    assert [message.id for message in checks.hosts()] == ["countersign.E012"]


def test_a_folder_that_cannot_be_written_is_noted(settings):
    settings.VAR_DIR = "/proc/countersign"
    assert [message.id for message in checks.folder()] == ["countersign.E011"]


def test_an_old_sqlite_is_cautioned(settings, monkeypatch):
    settings.POSTGRES = False
    monkeypatch.setattr(checks.sqlite3, "sqlite_version_info", (3, 51, 2))
    assert "countersign.W001" in [message.id for message in checks.cautions()]


def test_a_command_prints_the_check_and_no_traceback(tmp_path):
    done = manage("run", folder=tmp_path, PORT="none", ENCRYPTION_KEYS="short", DEMO="perhaps")
    assert done.returncode == 1
    assert all(f"countersign.{id}" in done.stderr for id in ("E002", "E003", "E010"))
    assert "HINT: " in done.stderr
    assert "Traceback" not in done.stderr


def test_secrets_are_never_repeated(tmp_path):
    done = manage("check", folder=tmp_path, DATABASE_URL="mysql://u:hunter2@h/n", ENCRYPTION_KEYS="hunter2", **CREDENTIALS)
    assert "countersign.E005" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_without_variables_all_is_well(tmp_path):
    done = manage("check", folder=tmp_path)
    assert (done.returncode, done.stdout) == (0, "System check identified no issues (1 silenced).\n")


def test_production_settings_are_clean(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "WARNING", folder=tmp_path, PUBLIC_URL="https://inbox.example.com", **CREDENTIALS)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_credentials_without_https_are_cautioned(tmp_path):
    done = manage("check", folder=tmp_path, **CREDENTIALS)
    assert done.returncode == 0
    assert "countersign.W002" in done.stderr


def test_the_try_out_says_that_it_ignores_the_database(tmp_path):
    assert "countersign.W003" in manage("check", folder=tmp_path, DATABASE_URL="postgres://u:p@h/n").stderr


def test_a_damaged_key_file_is_a_check(tmp_path):
    (tmp_path / "keys.env").write_bytes(b"\xff\xfe")
    assert "countersign.E001" in manage("check", folder=tmp_path).stderr


def test_keys_are_made_once_and_only_for_their_owner(tmp_path):
    manage("check", folder=tmp_path)
    first = (tmp_path / "keys.env").read_text()
    manage("check", folder=tmp_path)
    assert (tmp_path / "keys.env").read_text() == first
    assert (tmp_path / "keys.env").stat().st_mode & 0o777 == 0o600


# What somebody else reads: uvicorn, and compose.yaml.
READ_ELSEWHERE = {"FORWARDED_ALLOW_IPS", "POSTGRES_PASSWORD"}


def test_the_example_names_exactly_what_is_read():
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {match[1]: lines[number - 1] for number, line in enumerate(lines) if (match := re.match(r"#?([A-Z_]+)=", line))}
    assert set(named) == config.settings.env.names | READ_ELSEWHERE
    assert all(comment.startswith("# ") and comment.endswith(".") for comment in named.values())


def test_a_line_that_is_none_is_named_by_its_number_only(tmp_path):
    from config.environment import Environment

    (tmp_path / ".env").write_text("# fine\nSOME_TEST_NAME=$kept as it is\nhunter2 without a name\n")
    environment = Environment(tmp_path / ".env")
    assert [problem.message for problem in environment.problems] == ["Line 3 of .env is not NAME=value."]
    assert environment.text("SOME_TEST_NAME") == "$kept as it is"
    del os.environ["SOME_TEST_NAME"]


def test_a_file_that_is_no_text_is_a_problem(tmp_path):
    from config.environment import Environment

    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    assert [problem.id for problem in Environment(tmp_path / ".env").problems] == ["E008"]


def test_the_worker_needs_postgresql(tmp_path):
    done = manage("worker", folder=tmp_path)
    assert done.returncode == 1
    assert "Workers need PostgreSQL" in done.stderr
