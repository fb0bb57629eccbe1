"""Signing in and out, the first admin, and preferences."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD

MINUTE = timedelta(minutes=1)
FIRST = {"name": "Iris Admin", "email": "iris@example.test", "password1": "a-long-enough-phrase", "password2": "a-long-enough-phrase"}


@pytest.fixture(autouse=True)
def _no_tries():
    """Nobody has tried to sign in."""
    cache.clear()
    yield
    cache.clear()


def sign_in_with(email, password=PASSWORD, address="198.51.100.1"):
    return Client(REMOTE_ADDR=address).post("/sign-in/", {"username": email, "password": password})


def test_a_person_signs_in_with_e_mail_and_password(cast):
    client = Client()
    response = client.post("/sign-in/", {"username": "BOB@example.test", "password": PASSWORD})
    assert response.status_code == 302 and response.url == "/conversations/"


def test_a_wrong_password_is_a_sentence(cast):
    response = Client().post("/sign-in/", {"username": "bob@example.test", "password": "no"})
    assert response.status_code == 200 and "do not go together" in response.text


def test_an_agent_cannot_sign_in(cast):
    agent = cast.assistant.user
    agent.set_password(PASSWORD)
    agent.save()
    assert "do not go together" in Client().post("/sign-in/", {"username": agent.email, "password": PASSWORD}).text


def test_ten_wrong_tries_for_one_e_mail_make_everybody_wait_for_it(cast, clock):
    for number in range(10):
        assert sign_in_with("bob@example.test", "wrong", address=f"198.51.100.{number}").status_code == 200
    clock.shift(5 * MINUTE)
    refused = sign_in_with(" BOB@example.test ", address="203.0.113.9")
    assert refused.status_code == 429 and "Wait 10 minutes" in refused.text and 590 < int(refused.headers["Retry-After"]) <= 600
    assert sign_in_with("alice@example.test", address="203.0.113.9").status_code == 302
    clock.shift(10 * MINUTE)
    assert sign_in_with("bob@example.test").status_code == 302


def test_ten_wrong_tries_from_one_address_make_it_wait(cast):
    for number in range(10):
        sign_in_with(f"guess{number}@example.test", "wrong")
    assert sign_in_with("bob@example.test").status_code == 429
    assert sign_in_with("bob@example.test", address="198.51.100.2").status_code == 302


def test_right_passwords_are_not_counted(cast):
    assert {sign_in_with("bob@example.test").status_code for _ in range(12)} == {302}


def test_whoever_has_to_wait_does_not_learn_who_is_known(cast):
    def said(email):
        answers = [sign_in_with(email, "wrong", address=f"{email[0]}{number}") for number in range(11)]
        return answers[-1].status_code, answers[-1].text.split('role="alert"')[1].split("</p>")[0]

    assert said("bob@example.test") == said("stranger@example.test")
    assert said("bob@example.test")[0] == 429


def test_signing_out_needs_a_post(cast, sign_in):
    bob = sign_in(cast.bob)
    assert bob.get("/sign-out/").status_code == 405
    assert bob.post("/sign-out/").status_code == 302
    assert bob.get("/conversations/").url.startswith("/sign-in/")


def test_the_admin_has_no_sign_in_of_its_own(cast):
    assert Client().get("/admin/login/?next=/admin/").url == "/sign-in/?next=/admin/"


def test_a_fragment_without_a_session_reloads_the_page(cast):
    response = Client().get("/conversations/", headers={"HX-Request": "true"}, follow=True)
    assert response.headers["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_an_empty_installation_asks_for_its_first_admin():
    client = Client()
    assert client.get("/", follow=True).redirect_chain[-1][0] == "/welcome/"
    assert client.post("/welcome/", FIRST).url == "/admin/"
    iris = User.objects.get()
    assert iris.is_superuser and iris.is_staff and client.get("/conversations/").status_code == 200


@pytest.mark.django_db
def test_a_weak_password_is_refused():
    response = Client().post("/welcome/", FIRST | {"password1": "short", "password2": "short"})
    assert response.status_code == 200 and not User.objects.exists()


def test_once_somebody_is_here_nobody_else_is_welcomed(cast):
    assert Client().get("/welcome/").status_code == 404
    assert Client().post("/welcome/", FIRST).status_code == 404


@pytest.mark.django_db
def test_the_try_out_welcomes_nobody(settings):
    settings.DEMO = True
    assert Client().get("/welcome/").status_code == 404


def test_people_set_their_name_and_time_zone(cast, sign_in):
    bob = sign_in(cast.bob)
    assert bob.get("/preferences/").status_code == 200
    bob.post("/preferences/", {"name": "Bobby", "time_zone": "Asia/Tokyo", "language": ""})
    cast.bob.refresh_from_db()
    assert (cast.bob.name, cast.bob.time_zone) == ("Bobby", "Asia/Tokyo")


def test_people_change_their_password(cast, sign_in):
    bob = sign_in(cast.bob)
    assert bob.get("/preferences/password/").status_code == 200
    new = {"old_password": PASSWORD, "new_password1": "another-long-phrase", "new_password2": "another-long-phrase"}
    assert bob.post("/preferences/password/", new).url == "/preferences/"
    cast.bob.refresh_from_db()
    assert cast.bob.check_password("another-long-phrase")


def test_error_pages_are_plain_sentences(cast, sign_in):
    response = sign_in(cast.bob).get("/nothing/")
    assert response.status_code == 404 and "There is nothing here" in response.text


def test_a_missing_csrf_token_is_explained(cast):
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "x", "password": "y"})
    assert response.status_code == 403 and "Please try once more" in response.text
