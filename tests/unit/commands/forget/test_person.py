"""In which texts somebody is found, and in which they are not."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klaviyo_spark.commands.forget.person import MARK, Person

ID = "01GDDKASAP8TKDDA2GRZDSVP4H"
ANN = Person(frozenset({ID, "Y6nRLr"}), frozenset({"ann+news@x.com", "nina@x.com"}))


@pytest.mark.parametrize(
    "text",
    [
        "Ann+News@X.com",
        "<mailto:ann+news@x.com>.",
        "?e=ann%2Bnews%40x.com&x",
        "e%3Dann%2bnews%40x%2Ecom",
        "%253Dann%252Bnews%2540x.com",
        "ann%2Bnews@x.com",
        "ann+news%252540x.com",
        r"ann\u002bnews@x.com",
        r"\nann+news\u0040x.com",
        r"\u003eann+news@x.com\u003c",
        r"\nnina@x.com\n",
        r"CORP\ann+news@x.com",
        "100%ann+news@x.com",
        f"/api/profiles/{ID}/",
        f"_{ID}_",
        "%20Y6nRLr",
        r"\tY6nRLr",
    ],
)
def test_they_are_found_however_they_are_written(text: str):
    assert ANN.is_named_in(text)
    assert MARK in ANN.scrubbed(text)
    assert any(form in text.lower() for form in ANN.forms)


@pytest.mark.parametrize(
    "text",
    [
        "joann+news@x.com",
        "o.ann+news@x.com",
        "ann+news@x.com.au",
        "ann+news@x.community",
        "ann+news@x.com-pany.org",
        "ann@x.com",
        "müann+news@x.com",
        r"\nina@x.com",  # a new line, then somebody else
        f"{ID}X",
        ID.lower(),
        "aY6nRLr",
        "Y6nRLR",
    ],
)
def test_others_are_not_taken_for_them(text: str):
    assert not ANN.is_named_in(text)
    assert ANN.scrubbed(text) == text


ADDRESSES = st.emails().filter(str.isascii).map(str.lower)


@given(email=ADDRESSES)
def test_any_address_is_found_as_itself_and_as_json_and_urls_write_it(email: str):
    person = Person(emails=frozenset({email}))
    for text in (email.upper(), json.dumps(email), quote(email), quote(email, safe="")):
        assert person.scrubbed(f"<{text}>").strip('<">') == MARK
        assert any(form in text.lower() for form in person.forms)


@given(id=st.text("ABCxyz0189", min_size=6, max_size=26), before=st.binary(max_size=9))
def test_an_id_in_base64_is_found_whatever_stands_before_it(id: str, before: bytes):
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        text = encode(before + id.encode() + b'"').decode().lower()
        assert any(form in text for form in Person(frozenset({id})).forms)


def test_nobody_is_found_nowhere():
    assert Person().scrubbed("ann@x.com") == "ann@x.com"
    assert Person().forms == frozenset()


def test_a_person_shows_nowhere():
    assert "x.com" not in repr(ANN)
    assert ID not in f"{ANN}"
