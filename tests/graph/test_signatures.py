"""Signatures of webhooks and proofs of the app's secret."""

import pytest

from graph.signatures import appsecret_proof, matches, sign
from graph.tokens import app_access_token

SECRET = "sim-app-secret-0001"
BODY = (
    rb'{"object":"page","entry":[{"id":"104857600000001","time":1794700002210,"messaging":[{"sender":{"id":"73000000000'
    rb'00011"},"recipient":{"id":"104857600000001"},"timestamp":1794700002000,"message":{"mid":"m_Ex02uTq8Yc0Vw3Lr5Zk1Bn'
    rb'7Hd9Sg2Pf4Jx6Ma_Qe-Wt0Ry8Ui6Op4As2Df1Gh3Jk5Lz7Xc9Vb","text":"Caf\u00e9 \ud83d\ude00 \u20ac5 https:\/\/example.te'
    rb'st\/a"}}]}]}'
)
SIGNATURE = "sha256=06e5ea61189787e0a1e3166752ab56cd5f76ea59c6b4c86275d5f52dd1bdf122"


def test_the_signature_is_the_known_one() -> None:
    assert sign(SECRET, BODY) == SIGNATURE
    assert matches(SECRET, BODY, SIGNATURE)


def test_the_proof_is_the_known_one() -> None:
    expected = "998cc346e8b556ff3b52cde9616f07c6a3d2dd6942518317b31d8e5471d58518"
    assert appsecret_proof("EAAexampletoken", SECRET) == expected


@pytest.mark.parametrize("header", [None, "", SIGNATURE[7:], SIGNATURE.upper(), SIGNATURE + "0", "sha256=\xe9"])
def test_any_other_header_does_not_match(header: str | None) -> None:
    assert not matches(SECRET, BODY, header)


def test_another_body_or_another_secret_does_not_match() -> None:
    assert not matches(SECRET, BODY + b" ", SIGNATURE)
    assert not matches("another", BODY, SIGNATURE)


def test_an_empty_secret_matches_nothing_not_even_its_own_signature() -> None:
    assert not matches("", BODY, sign("", BODY))


def test_the_apps_own_token_is_its_id_and_secret() -> None:
    assert app_access_token("1200000000000001", SECRET) == "1200000000000001|sim-app-secret-0001"
