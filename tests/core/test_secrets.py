"""Secrets: encrypted at rest, dots in print, readable with an older key."""

import copy
import json
import pickle

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from accounts.models import Account, MetaApp
from core.secret import Secret, decrypt, encrypt


def test_a_secret_never_prints_itself():
    secret = Secret("EAAvery-secret")
    assert "EAA" not in f"{secret} {secret!r} {[secret]} {secret!s}"
    assert secret.reveal() == "EAAvery-secret"


def test_a_token_is_encrypted_in_the_database_and_in_dumps(cast):
    table = Account._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT token FROM {table} WHERE id = %s", [cast.shop.pk])
        stored = cursor.fetchone()[0]
    assert "EAAshop" not in stored
    assert Account.objects.get(pk=cast.shop.pk).token.reveal() == "EAAshop"
    dump = serializers.serialize("json", [*Account.objects.all(), *MetaApp.objects.all()])
    assert "EAAshop" not in dump
    assert "app-secret" not in dump


def test_an_older_key_still_reads_what_it_wrote(settings):
    settings.ENCRYPTION_KEYS_FILE = None
    token = encrypt("hello")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    assert decrypt(token) == "hello"


def test_saving_without_a_new_token_keeps_the_stored_one(cast):
    account = Account.objects.get(pk=cast.shop.pk)
    account.name = "Renamed"
    account.save()
    assert Account.objects.get(pk=cast.shop.pk).token.reveal() == "EAAshop"


# Never written elsewhere ------------------------------------------------------------------------------------------
def test_a_secret_is_neither_pickled_nor_written_as_json():
    secret = Secret("EAAvery-secret")
    for write in (pickle.dumps, json.dumps, lambda value: json.dumps({"token": value}, cls=DjangoJSONEncoder)):
        with pytest.raises(TypeError):
            write(secret)
    assert json.dumps(secret, default=str) == json.dumps(repr(secret))
    assert copy.deepcopy({"token": secret})["token"] == copy.copy(secret) == secret


def test_a_row_with_a_secret_goes_into_no_cache(cast):
    with pytest.raises(TypeError):
        pickle.dumps(Account.objects.get(pk=cast.shop.pk))
