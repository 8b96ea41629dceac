"""Any file gives documents or a readable error, in bounded time."""

import random
import time
from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.pipeline.errors import InvalidFiles
from controller.pipeline.yamlfiles import read
from controller.pipeline.yamlfiles.text import SIZE_LIMIT

# Pieces with a meaning for YAML, for our placeholders, or for a decoder.
PIECES = [
    *[b"a", b"application", b": ", b":", b"\n", b"  ", b"- ", b"- - ", b"[", b"]", b"{", b"}", b"{{", b"}}", b"{ { "],
    *[b" } }", b"APPLICATION_IMAGE_TAG", b"'", b'"', b"\\", b"\\u", b"\\ud800", b"\\x0", b"&a ", b"*a", b"!", b"!!"],
    *[b"!!int ", b"!!str ", b"? ", b"| ", b">", b"|+2\n", b"#", b"%YAML 1.1\n", b"%TAG ! x\n", b"%", b"@", b"`"],
    *[b"---\n", b"...\n", b"\t", b"\r", b"\x00", b"\xff", b"\xfe", b"\xef\xbb\xbf", b"\xef\xb7\x90", b"\xe2\x80\xa8"],
    *[b"\xc3\xa9", b"<<", b"~", b"0x_", b"0b_", b"1e9", b".inf", b"kind: EnvironmentProvisioner\n", b"chart_path: "],
    *[b"apiVersion: tronador.stakater.com/v1alpha1\n", b", ", b"=", b"9" * 4400],
]
JOINED = st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=60), JOINED))
def test_any_bytes_give_documents_or_a_readable_error(content):
    try:
        found = read(content, "f")
    except InvalidFiles as error:
        lines = str(error).splitlines()
    else:
        documents = [part.document(lambda placeholder, quoted: "") for part in found.parts]
        problems = [problem for document in documents for problem in document.problems]
        lines = [str(problem) for problem in [*problems, *filter(None, [found.error])]]
    assert all(line.isprintable() and line.startswith("f:") for line in lines)


@settings(max_examples=300)
@given(JOINED)
def test_plain_data_is_parsed_as_by_pyyaml(content):
    """Except for placeholders, and for values that are strings or rejected on purpose."""
    try:
        text = content.decode()
        (wanted,) = yaml.safe_load_all(text)
        found = read(content, "f")
    except (yaml.YAMLError, ValueError, TypeError, LookupError, InvalidFiles):
        return
    if found.error is not None or any(word in text for word in ("{{", "{ {", "<<", "=", "!", "1e9")):
        return
    document = found.parts[0].document(lambda placeholder, quoted: "")
    if not document.problems:
        assert document.value == wanted


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"a: b\n" * (SIZE_LIMIT // 5),
        b"[" * SIZE_LIMIT,
        b"- " * (SIZE_LIMIT // 2),
        b"? " * (SIZE_LIMIT // 2),
        b"{{" * (SIZE_LIMIT // 2),
        b"{ " * (SIZE_LIMIT // 2),
        b"{{x " * (SIZE_LIMIT // 4),
        b"a: [" + b"x, " * (SIZE_LIMIT // 3 - 3) + b"]",
        b"--- a\n" * (SIZE_LIMIT // 6),
        b"'" * SIZE_LIMIT,
        b'"\\' * (SIZE_LIMIT // 2),
        b"#" * SIZE_LIMIT,
        b" " * SIZE_LIMIT,
        b"\n" * SIZE_LIMIT,
        b"!" * SIZE_LIMIT,
        b"&a " * (SIZE_LIMIT // 3),
        b"a" * SIZE_LIMIT,
        b"a: |\n" + b"  x\n" * (SIZE_LIMIT // 4 - 3),
        b"%T\n" * (SIZE_LIMIT // 3),
        b"%TAG !a! b\n" * (SIZE_LIMIT // 11),
        bytes(random.Random(1).choices(b"ab:- \n[]{}'\"", k=SIZE_LIMIT)),
    ],
    ids=range(21),
)
def test_the_largest_files_are_parsed_in_bounded_time(content):
    start = time.process_time()
    with suppress(InvalidFiles):
        for part in read(content, "f").parts:
            part.document(lambda placeholder, quoted: "")
    assert time.process_time() - start < 30
