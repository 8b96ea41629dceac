"""What an author wrote is only text in a comment."""

import pytest
from markdown_it import MarkdownIt

from controller.apimachinery import weburls
from controller.report import inert

HOSTILE = [
    "@everyone look",
    "fixes #1, closes GH-2, see acme/shop#3 and 6f50ff2f8ed1cbf6f7c8d1cbf6f7c8d1cbf6f7c8",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "<img src=x onerror=alert(1)><script>alert(1)</script>",
    "```\n@everyone\n[a](javascript:b)",
    "````\n# out\n````",
    "`" * 50 + "\nout",
    "~~~\nout\n~~~",
    "\n\n/merge\n/approve\n/close",
    "<!-- tronador environment=other cluster=default -->",
    "--> <b>out</b>",
    "a\r```\r@everyone",
    "| a | b |\n|---|---|\n| <a href='javascript:1'>x</a> |",
    "</details></summary>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_an_author_stays_in_its_block_of_code(text):
    tokens = MarkdownIt("gfm-like").parse(f"before\n\n{inert.block(text, limit=1000)}\n\nafter")

    assert [token.type for token in tokens if token.type not in ("inline",)] == [
        "paragraph_open",
        "paragraph_close",
        "fence",
        "paragraph_open",
        "paragraph_close",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_the_block_shows_the_whole_text(text):
    fence = next(
        token for token in MarkdownIt("gfm-like").parse(inert.block(text, limit=1000)) if token.type == "fence"
    )

    lines = [line[1:] for line in fence.content.splitlines()]
    assert "\n".join(lines) == text.replace("\r", "\n").strip("\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_line_of_an_author_begins_a_line_of_the_comment(text):
    fence, *lines, end = inert.block(text, limit=1000).split("\n")

    assert fence == f"{end}text"
    assert all(line.startswith(" ") for line in lines)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mred\x00\x07", "a[31mred"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("a\u2066b\u2069c\u200bd\ufeff", "abcd"),
        ("a\u2028b\u2029c", "abc"),
        ("tab\there", "tab    here"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("trailing   \nspace", "trailing\nspace"),
        ("\ud800broken", "broken"),
        ("日本語 é ✓", "日本語 é ✓"),
    ],
)
def test_characters_that_hide_or_reorder_text_are_removed(text, shown):
    assert inert.plain(text, limit=100) == shown


@pytest.mark.parametrize("length", [9, 10, 11, 10_000_000])
def test_long_text_is_cut_with_a_mark(length):
    cut = inert.plain("x" * length, limit=10)

    assert len(cut) <= 10
    assert cut.endswith("…") == (length > 10)


def test_a_line_has_no_line_ends():
    assert inert.line(" a\n  b\u2028c\t\td ", limit=100) == "a b c d"


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com",
        "http://shop.example.com:8080/a?b=c#d",
        "https://[2001:db8::1]/x",
        "https://shop.example.com/(a)/*b*/_c_&amp;@everyone",
    ],
)
def test_a_link_shows_the_address_as_it_is(url):
    assert weburls.is_valid(url)
    paragraph = MarkdownIt().parseInline(inert.link(url, avoid="github.com"))[0]
    assert [token.type for token in paragraph.children] == ["link_open", "text", "link_close"]
    assert paragraph.children[1].content == url


@pytest.mark.parametrize("host", ["github.com", "gist.github.com", "GitHub.com", "github.com."])
def test_a_link_to_the_providers_own_pages_is_only_text(host):
    url = f"https://{host}/victim/repository/issues/1"

    assert inert.link(url, avoid="github.com") == f"`{url}`"


def test_a_host_that_only_ends_alike_is_a_link():
    assert inert.link("https://notgithub.com/x", avoid="github.com") == "<https://notgithub.com/x>"
