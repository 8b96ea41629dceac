"""Addresses to listen on."""

import pytest

from controller.app.options import parse_address


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (":8080", ("", 8080)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:80", ("::1", 80)),
        ("0.0.0.0:65535", ("0.0.0.0", 65535)),
        ("0", None),
    ],
)
def test_an_address_is_a_host_and_a_port_or_none(text, want):
    assert parse_address(text) == want


@pytest.mark.parametrize("text", ["", "8080", "localhost", ":", ":http", "a:65536", "a:-1", ":²"])
def test_any_other_text_is_refused(text):
    with pytest.raises(ValueError, match="is not a valid address"):
        parse_address(text)
