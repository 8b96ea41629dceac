"""Documents with the line and column of everything in them, and placeholders."""

import pytest

from controller.pipeline.errors import InvalidFiles
from controller.pipeline.yamlfiles import PlaceholderError, read


def _documents(text, fill=lambda placeholder, quoted: f"<{placeholder.name}>"):
    return [part.document(fill) for part in read(text.encode(), "f").parts]


def _document(text, **others):
    (document,) = _documents(text, **others)
    return document


def test_every_key_and_value_has_a_line_and_a_column():
    document = _document("# x\na:\n  b.c: [x, {d: y}]\n")
    assert document.places == {
        (): (2, 1),
        ("a",): (3, 3),
        ("a", "b.c"): (3, 8),
        ("a", "b.c", 0): (3, 9),
        ("a", "b.c", 1): (3, 12),
        ("a", "b.c", 1, "d"): (3, 16),
    }
    assert document.keys == {("a",): (2, 1), ("a", "b.c"): (3, 3), ("a", "b.c", 1, "d"): (3, 13)}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_places_do_not_depend_on_the_line_ending(line_end):
    document = _document(line_end.join(["a: 1", "", "b:", "  c: é x", ""]))
    assert document.places["b", "c"] == (4, 6)


@pytest.mark.parametrize("placeholder", ["{{X}}", "{ { X } }", "{{   X\t}}"])
def test_a_placeholder_does_not_shift_later_columns(placeholder):
    document = _document(f"a: [{placeholder}, y]\n")
    assert document.value == {"a": ["<X>", "y"]}
    assert document.places["a", 1] == (1, 4 + len(placeholder) + 3)


def test_empty_documents_are_skipped():
    found = _documents("---\na: 1\n---\n---\n# x\n---\nb: 2\n...\n")
    assert [document.value for document in found] == [{"a": 1}, {"b": 2}]


def test_documents_before_a_syntax_error_are_returned():
    found = read(b"a: 1\n---\nb: [\n", "f")
    assert len(found.parts) == 1
    assert str(found.error).startswith("f:4:1: invalid YAML: ")


def test_a_kubernetes_object_is_recognized_by_its_keys():
    parts = read(b"kind: X\n---\napiVersion: v1\n---\na: 1\n---\n- kind\n", "f").parts
    assert [part.is_manifest for part in parts] == [True, True, False, False]


def test_a_filler_learns_whether_a_placeholder_is_quoted():
    seen = []
    _document("a: {{X}}\nb: '{{Y}}'\nc: |\n  {{Z}}\n", fill=lambda item, quoted: seen.append((item.name, quoted)) or "")
    assert seen == [("X", False), ("Y", True), ("Z", True)]


def test_a_placeholder_error_becomes_a_problem_at_its_place():
    def refuse(placeholder, quoted):
        raise PlaceholderError(f"no {placeholder.text}")

    document = _document("a: [b, {{X}}]\n", fill=refuse)
    assert [str(problem) for problem in document.problems] == ["f:1:8: a[1]: no {{X}}"]


def test_too_many_placeholders_are_rejected():
    assert _document("a: " + "{{}}" * 27_000, fill=lambda item, quoted: "").value == {"a": ""}
    with pytest.raises(InvalidFiles, match="more than 27000 placeholders"):
        read(b"a: " + b"{{}}" * 27_001, "f")


def test_each_of_thousands_of_placeholders_gets_its_own_value():
    names = [f"N{number}" for number in range(2000)]
    document = _document("".join(f"{name.lower()}: {{{{{name}}}}}\n" for name in names))
    assert document.value == {name.lower(): f"<{name}>" for name in names}
