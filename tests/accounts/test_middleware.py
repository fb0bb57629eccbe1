"""What holds for every request, whatever its address."""

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agents.proposing import propose
from inbox.content import Content
from inbox.media import keep_upload
from inbox.models import Dispatch
from tests.inbox.browsing import HTMX
from tests.inbox.pictures import picture


# A NUL ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["/conversations/?account=%00", "/conversations/?%00=1", "/conversations/%00/", "/media/x/?conversation=a%00b", "/%00"])
def test_a_nul_in_an_address_is_not_understood(cast, sign_in, address):
    response = sign_in(cast.alice).get(address)
    assert response.status_code == 400 and "This could not be understood" in response.text


@pytest.mark.parametrize("field", ["key", "text", "since", "a\0b"])
def test_a_nul_in_a_form_is_not_understood(cast, sign_in, field):
    address = f"{cast.conversation(cast.amina).get_absolute_url()}messages/"
    response = sign_in(cast.bob).post(address, {"kind": "text", "text": "Hello", "key": "k", field: "a\0b"}, headers=HTMX)
    assert response.status_code == 400 and not Dispatch.objects.exists()


def test_a_nul_in_a_decision_is_not_understood(cast, sign_in):
    proposal = propose(cast.assistant, cast.conversation(cast.amina), Content(text="Yes.")).proposal
    form = {"answer": "reject", "reason": "a\0b", "digest": proposal.digest, "revision": 2}
    assert sign_in(cast.alice).post(f"{proposal.get_absolute_url()}decision/", form).status_code == 400


@pytest.mark.django_db
def test_a_nul_is_not_understood_from_strangers_either():
    assert Client().post("/sign-in/", {"username": "a\0b", "password": "x"}).status_code == 400
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = "0123456789\0"
    assert browser.get("/conversations/").status_code == 400


def test_a_file_may_hold_a_nul(cast, sign_in):
    assert b"\0" in picture()
    form = {"conversation": cast.conversation(cast.amina).public_id, "file": SimpleUploadedFile("a.png", picture())}
    assert sign_in(cast.bob).post("/media/", form, headers=HTMX).status_code == 200


# Caches -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["/conversations/", "/approvals/", "/preferences/", "/nothing/"])
def test_what_a_signed_in_person_sees_stays_in_no_cache(cast, sign_in, address):
    assert sign_in(cast.alice).get(address).headers["Cache-Control"] == "private, no-store"


def test_fragments_stay_in_no_cache(cast, sign_in):
    address = cast.conversation(cast.amina).get_absolute_url()
    assert sign_in(cast.alice).get(address, headers=HTMX).headers["Cache-Control"] == "private, no-store"


def test_a_picture_may_be_kept_by_the_browser_that_saw_it(cast, sign_in):
    media = keep_upload(cast.shop, SimpleUploadedFile("a.png", picture()), by=cast.bob)
    response = sign_in(cast.bob).get(f"/media/{media.public_id}/file/")
    assert b"".join(response.streaming_content) and response.headers["Cache-Control"] == "private, max-age=86400, immutable"


def test_static_files_may_be_cached(cast, sign_in, settings):
    assert finders.find("js/page.js")
    settings.DEBUG = True  # files are looked for at each request
    response = sign_in(cast.bob).get("/static/js/page.js")
    assert b"".join(response.streaming_content) and "no-store" not in response.headers["Cache-Control"]
