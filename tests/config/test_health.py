"""What proxies, and whoever starts the processes, ask."""

from django.db import OperationalError, connection
from django.test import Client, override_settings


def test_a_process_whose_database_answers_is_well(db):
    answer = Client().get("/health/")
    assert (answer.status_code, answer.content) == (200, b"OK\n")
    assert "no-store" in answer["Cache-Control"]


def test_one_whose_database_does_not_answer_is_not(db, monkeypatch):
    def refuse():
        raise OperationalError("the connection is gone")

    with monkeypatch.context() as gone:
        gone.setattr(connection, "cursor", refuse)
        gone.setattr(connection, "close", lambda: None)
        assert Client().get("/health/").status_code == 503


@override_settings(SECURE_SSL_REDIRECT=True)
def test_it_is_asked_without_a_proxy_that_speaks_https(db):
    assert Client().get("/health/").status_code == 200
    assert Client().get("/").status_code == 301
