"""URLs that a browser may be sent to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery import weburls

GOOD = [
    "https://shop-74.preview.example.com",
    "https://shop-74.preview.example.com/",
    "http://localhost:8080/path?query=1&b=%5B",
    "HTTPS://Shop.Example.COM/A",
    "https://192.0.2.1/",
    "https://[2001:db8::1]:8443/x",
    "https://xn--bcher-kva.example/",
    "https://a.example/~user/(x);y=1,2!$&'*+:@#top",
    "https://a.example?next=https://b.example/",
    "https://a.example/@someone",
    "https://a.example/" + "x" * (2048 - len("https://a.example/")),
]
BAD = {
    "": "begin with https:// or http://",
    "shop.example.com": "begin with",
    "//shop.example.com/": "begin with",
    "javascript:alert(1)": "begin with",
    "JavaScript://shop.example.com/%0aalert(1)": "begin with",
    "data:text/html,x": "begin with",
    "ftp://shop.example.com/": "begin with",
    " https://shop.example.com/": "begin with",
    "\thttps://shop.example.com/": "begin with",
    "https:/shop.example.com/": "begin with",
    "https://user@shop.example.com/": "remove the part before the @",
    "https://user:password@shop.example.com/": "remove the part before the @",
    "https://shop.example.com@evil.example": "remove the part before the @",
    "https://@shop.example.com/": "remove the part before the @",
    "https://evil.example\\@shop.example.com/": "in plain ASCII",
    "https://shop.example.com\\evil": "in plain ASCII",
    "https://shop.example.com/a b": "in plain ASCII",
    "https://shop.example.com/a\n": "in plain ASCII",
    "https://shop.example.com/a\x00": "in plain ASCII",
    "https://shop.example.com/a\u202e": "in plain ASCII",
    "https://shop.example.com/b\xfccher": "in plain ASCII",
    "https://shop.example.com/<script>": "in plain ASCII",
    "https://shop.example.com/`x`": "in plain ASCII",
    "https://shop.example.com/{{PR}}": "in plain ASCII",
    "https://shop.example.com/%zz": "in plain ASCII",
    "https://shop.example.com/%": "in plain ASCII",
    "https://b\xfccher.example/": "valid host",
    "https://shop\u3002example/": "valid host",
    "https://*.preview.example.com/": "valid host",
    "https://{{ENVIRONMENT_NAME}}.example.com": "valid host",
    "https://shop_74.example.com/": "valid host",
    "https://-shop.example.com/": "valid host",
    "https://shop..example.com/": "valid host",
    "https://shop.example.com./": "valid host",
    f"https://{'a' * 64}.example.com/": "valid host",
    f"https://{'a.' * 130}com/": "valid host",
    "https://1/": "valid host",
    "https://0x7f.1/": "valid host",
    "https://127.0.0.1.1/": "valid host",
    "https://300.0.0.1/": "valid host",
    "https://[::1%25eth0]/": "in plain ASCII",
    "https://[::g]/": "in plain ASCII",
    "https://[]/": "in plain ASCII",
    "https://::1/": "in plain ASCII",
    "https://": "in plain ASCII",
    "https:///path": "in plain ASCII",
    "https://shop.example.com:/": "in plain ASCII",
    "https://shop.example.com:0/": "use a port",
    "https://shop.example.com:65536/": "use a port",
    "https://shop.example.com:443443/": "in plain ASCII",
    "https://shop.example.com:80x/": "in plain ASCII",
    "https://a.example/" + "x" * 2048: "at most 2048 characters",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_web_url_is_accepted_as_it_is(url):
    weburls.check(url)
    assert weburls.is_valid(url)


@pytest.mark.parametrize(("url", "remedy"), BAD.items())
def test_a_refused_url_has_a_remedy_that_repeats_no_part_of_it(url, remedy):
    with pytest.raises(ValueError, match=remedy.replace("(", r"\(")) as error:
        weburls.check(url)
    assert "password@" not in str(error.value)
    assert not weburls.is_valid(url)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://shop.example.com", "https://shop.example.com/"),
        ("https://shop.example.com", "HTTPS://Shop.Example.com:443"),
        ("http://shop.example.com:80/a", "http://shop.example.com/a"),
        ("http://[2001:DB8::1]:080", "http://[2001:db8::1]/"),
    ],
)
def test_two_spellings_of_one_url_compare_equal(one, other):
    assert weburls.comparable(one) == weburls.comparable(other)


def test_different_urls_do_not_compare_equal():
    urls = [
        "https://a.example",
        "http://a.example",
        "https://a.example:80",
        "https://a.example/b",
        "https://a.example/B",
    ]
    assert len({weburls.comparable(url) for url in urls}) == len(urls)


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_one_printable_word(text):
    for url in (text, f"https://{text}", f"https://a.example/{text}"):
        if weburls.is_valid(url):
            assert url.isascii()
            assert url.isprintable()
            assert not set(url) & set(' <>"\\`{}|^')


def test_no_long_text_stays_in_memory():
    before = weburls._is_valid.cache_info()

    assert not weburls.is_valid("https://a.example/" + "x" * 100_000)
    assert weburls._is_valid.cache_info() == before
