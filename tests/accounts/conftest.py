"""Nobody has tried to sign in yet, and e-mails that leave are kept here."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _no_tries():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def mails_leave(settings):
    settings.MAILS_LEAVE = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
