"""The apps at Meta come from the environment, which wins."""

import pytest

from accounts.models import MetaApp
from config.bootstrap import bootstrap

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(settings):
    settings.DEMO = False
    settings.META_APPS = {"facebook": {"app_id": "12", "secret": "first", "verify_token": "phrase"}}
    return settings.META_APPS["facebook"]


def test_an_app_in_the_environment_becomes_a_row(named):
    bootstrap()
    row = MetaApp.objects.get()
    assert (row.kind, row.app_id, row.secret.reveal(), row.verify_token.reveal()) == ("facebook", "12", "first", "phrase")


def test_doing_it_again_changes_nothing(named, django_assert_num_queries):
    bootstrap()
    with django_assert_num_queries(1):
        bootstrap()
    assert MetaApp.objects.count() == 1


def test_the_environment_wins(named):
    bootstrap()
    MetaApp.objects.update(name="Shop app", secret="from the admin")
    named["secret"] = "second"
    bootstrap()
    row = MetaApp.objects.get()
    assert (row.name, row.secret.reveal()) == ("Shop app", "second")


def test_the_try_out_takes_none(named, settings):
    settings.DEMO = True
    bootstrap()
    assert not MetaApp.objects.exists()
