"""Secrets: encrypted at rest, dots in print, readable with an older key."""

from cryptography.fernet import Fernet
from django.core import serializers
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
    token = encrypt("hello")
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    assert decrypt(token) == "hello"


def test_saving_without_a_new_token_keeps_the_stored_one(cast):
    account = Account.objects.get(pk=cast.shop.pk)
    account.name = "Renamed"
    account.save()
    assert Account.objects.get(pk=cast.shop.pk).token.reveal() == "EAAshop"
