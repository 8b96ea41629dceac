"""Every way in which a config file can be wrong has a place, a field and a remedy."""

import pytest

from tests.unit.pipeline.rendering.builders import MINIMAL, refusal, rendered, values

NAME, TAG = "{{APPLICATION_IMAGE_NAME}}", "{{APPLICATION_IMAGE_TAG}}"
CHART_PATH = """(folder of the chart, relative to the repository's root and without '..'; "." is the root itself)"""


@pytest.mark.parametrize("text", ["", "\n \n", "# a comment\n", "---\n", "\ufeff"])
def test_an_empty_file(text):
    assert refusal(text) == ["c.yaml: is empty; write what it is for, or name another file"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n\tb: c\n", "c.yaml:2:1: a tab cannot stand here; indent with spaces"),
        ("a: b: c\n", "c.yaml:1:5: a ':' cannot stand here; check the indentation, or quote the text"),
        ("a\nb: c\n", "c.yaml:2:2: a ':' cannot stand here; check the indentation, or quote the text"),
        (
            "a:\n  b: 1\n c: 2\n",
            "c.yaml:3:2: is not indented as its neighbours are; indent what belongs together by as many spaces",
        ),
        ("a: 'b\n", "c.yaml:2:1: the file ends within a quoted text; close its quote"),
        (
            "a: [b\n",
            "c.yaml:2:1: is no YAML: expected ',' or ']', but got '<stream end>'; check the indentation and the quotes",
        ),
        ('a: "\\q"\n', "c.yaml:1:6: \\ begins an escape in double quotes; use single quotes"),
        ("a: @b\n", "c.yaml:1:4: '@' cannot begin a value; quote the text"),
        (
            "{% if x %}\n",
            "c.yaml:1:2: '%' cannot begin a value; there are no statements such as {% if %}, only placeholders",
        ),
        ('a: "\\UFFFFFFFF"\n', "c.yaml:1:7: an escape (\\x, \\u or \\U) stands for no character"),
        ('a: "\\ufdd0"\n', "c.yaml:1:5: the escape \\ufdd0 stands for no character; remove it"),
    ],
)
def test_what_is_no_yaml(text, line):
    assert refusal(text) == [line]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: b\nc: \xe9t\xe9\n", "c.yaml:2:4: byte 0xe9 is no UTF-8; save the file as UTF-8"),
        ("a: b\n".encode("utf-16"), "c.yaml: is UTF-16; save it as UTF-8"),
        (b"a: b\nc: d\x00\n", "c.yaml:2:5: has the invisible character U+0000; remove it"),
        (b"a: \x1b[31m\n", "c.yaml:1:4: has the invisible character U+001B; remove it"),
        ("a: x\u2028b: y\n".encode(), "c.yaml:1:5: has the invisible character U+2028; remove it"),
        (b"a: b\n" * 110_000, "c.yaml: is 550000 bytes long; at most 524288 are read: make it smaller"),
        (b"\xff\xd8\xff\xe0 an image", "c.yaml:1:1: byte 0xff is no UTF-8; save the file as UTF-8"),
    ],
)
def test_what_is_no_text(content, line):
    assert refusal(content) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x [b]\nb: *x\n", "c.yaml:2:4: the alias *x cannot be used; write out what it stands for"),
        (
            "a: !!python/object/new:os.system ['id']\n",
            "c.yaml:1:4: the tag !!python/object/new:os.system cannot be used; remove it, and quote the text if it is "
            "one",
        ),
        ("a: !secret x\n", "c.yaml:1:4: the tag !secret cannot be used; remove it, and quote the text if it is one"),
        (
            "a: " + "[" * 100_000,
            "c.yaml:1:131: is nested more than 100 levels deep; make it flatter, with at most 100 levels",
        ),
        (
            "{a: " * 50_000,
            "c.yaml:1:510: is nested more than 100 levels deep; make it flatter, with at most 100 levels",
        ),
    ],
)
def test_what_is_more_than_data(text, line):
    assert refusal(text) == [line]


@pytest.mark.parametrize("text", ["- a\n", "text\n", "~\n", "5\n"])
def test_what_is_no_mapping(text):
    assert refusal(text) == ["c.yaml:1:1: is no mapping; write application: and its keys below it"]


def test_a_second_document():
    assert refusal(f"{MINIMAL}---\n{MINIMAL}") == [
        "c.yaml:8:1: a second document begins here; a config file has only one: remove it, or put it into another file"
    ]


def test_a_whole_environment_is_recognised():
    assert refusal("apiVersion: tronador.stakater.com/v1alpha1\nkind: EnvironmentProvisioner\n") == [
        "c.yaml:1:1: is an object of Kubernetes, not a config file; if it is a whole EnvironmentProvisioner, publish "
        "it as it is, or keep only what a config file has: application with chart_path and value_overrides"
    ]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("chart-path", "c.yaml:7:3: application.chart-path: is unknown; did you mean chart_path?"),
        ("chartPath", "c.yaml:7:3: application.chartPath: is unknown; did you mean chart_path?"),
        ("namespace_labels", "c.yaml:7:3: application.namespace_labels: is unknown; did you mean namespaceLabels?"),
        ("valuesFrom", "c.yaml:7:3: application.valuesFrom: is unknown; did you mean values_from?"),
        ("secretref", "c.yaml:7:3: application.secretref: is unknown; did you mean secret_ref?"),
        ("value_override", "c.yaml:7:3: application.value_override: is unknown; did you mean value_overrides?"),
        ("values", "c.yaml:7:3: application.values: is unknown; did you mean value_overrides?"),
        (
            "chartVarsPath",
            "c.yaml:7:3: application.chartVarsPath: is unknown; files of values within the chart are named in "
            "values_from, each by a chartFileRef",
        ),
        (
            "replicas",
            "c.yaml:7:3: application.replicas: is unknown; remove it; known here are chart_path, secret_ref, "
            "value_overrides, values_from and namespaceLabels",
        ),
    ],
)
def test_an_unknown_key(key, line):
    assert refusal(f"{MINIMAL}  {key}: x\n") == [line]


def test_a_key_that_stands_beside_application():
    assert refusal(f"{MINIMAL}namespaceLabels:\n  a: b\n") == [
        "c.yaml:7:1: namespaceLabels: is unknown; it belongs under application; move it there"
    ]


def test_a_file_for_the_first_tronador_of_all():
    old = "it is of a Tronador before its first release, and has no meaning any more; remove it"
    assert refusal("version: 1\ntargetBranches: [main]\napplication:\n  chartPath: deploy\ndependencies: {}\n") == [
        f"c.yaml:1:1: version: is unknown; {old}",
        f"c.yaml:2:1: targetBranches: is unknown; {old}",
        "c.yaml:4:3: application.chartPath: is unknown; did you mean chart_path?",
        f"c.yaml:4:3: application.chart_path: is missing; add it {CHART_PATH}",
        f"c.yaml:5:1: dependencies: is unknown; {old}",
    ]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("secret_ref", "x", "7:15: application.secret_ref: 'x' is a text; write a mapping (secret with the username"),
        ("secret_ref", "{namespace: a}", "7:15: application.secret_ref.name: is missing; add it (name of the Secret"),
        ("secret_ref", "{name: A_b}", "7:22: application.secret_ref.name: 'A_b' cannot be used here (name of the"),
        ("values_from", "{}", "7:16: application.values_from: it is a mapping; write a list (sources of values"),
        (
            "values_from",
            "[{}]",
            "7:17: application.values_from[0]: names none of configMapKeyRef, secretKeyRef, externalSourceRef and "
            "chartFileRef; name exactly one",
        ),
        (
            "values_from",
            "[{configMapKeyRef: {name: a}, secretKeyRef: {name: b}}]",
            "7:17: application.values_from[0]: names 2 of configMapKeyRef, ",
        ),
        (
            "values_from",
            "[{secretRef: {name: a}}]",
            "7:18: application.values_from[0].secretRef: is unknown; did you mean secretKeyRef?",
        ),
        (
            "values_from",
            "[{externalSourceRef: {url: 'https://user:hunter2@x/y'}}]",
            "7:43: application.values_from[0].externalSourceRef.url: 'https://***@x/y' cannot be used here (http or",
        ),
        (
            "values_from",
            "[{secretKeyRef: {name: a, optional: maybe}}]",
            "7:52: application.values_from[0].secretKeyRef.optional: 'maybe' is a text; write true or false (whether",
        ),
        ("namespaceLabels", "[a]", "7:20: application.namespaceLabels: it is a list; write a mapping (labels for"),
        (
            "namespaceLabels",
            "{a: true}",
            "7:24: application.namespaceLabels.a: true is a truth value, not a text; quote it",
        ),
        ("namespaceLabels", "{a: 5}", "7:24: application.namespaceLabels.a: 5 is a whole number, not a text; quote it"),
        ("namespaceLabels", "{a: x y}", "7:24: application.namespaceLabels.a: 'x y' cannot be used here (value of a"),
        ("namespaceLabels", "{a: ~}", "7:24: application.namespaceLabels.a: is empty; fill it in, or remove the key"),
        (
            "namespaceLabels",
            "{x y: z}",
            "7:26: application.namespaceLabels[x y]: 'x y' is refused (InvalidSpec); use [prefix/]name as Kubernetes",
        ),
        (
            "namespaceLabels",
            "{app.kubernetes.io/managed-by: me}",
            "7:51: application.namespaceLabels[app.kubernetes.io/managed-by]: 'me' is refused (LabelReserved); this",
        ),
    ],
)
def test_a_value_of_the_wrong_form(key, value, words):
    (line,) = refusal(f"{MINIMAL}  {key}: {value}\n")
    assert line.startswith(f"c.yaml:{words}")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("", f"c.yaml:2:14: application.chart_path: is missing; add it {CHART_PATH}"),
        ("''", f"c.yaml:2:15: application.chart_path: is empty; fill it in {CHART_PATH}"),
        ("5", "c.yaml:2:15: application.chart_path: 5 is a whole number, not a text; quote it"),
        ("../../x", f"c.yaml:2:15: application.chart_path: '../../x' cannot be used here {CHART_PATH}"),
        ("[a]", f"c.yaml:2:15: application.chart_path: it is a list; write a text {CHART_PATH}"),
    ],
)
def test_a_chart_that_is_nowhere(value, line):
    assert refusal(MINIMAL.replace("deploy", value)) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("application:\n", "c.yaml:1:13: application: is empty; fill it in, or remove the key"),
        ("application: []\n", "c.yaml:1:14: application: it is a list; write a mapping"),
        ("other: x\n", "c.yaml:1:1: application: is missing; add it"),
    ],
)
def test_a_file_without_an_application(text, line):
    assert refusal(text)[0] == line


@pytest.mark.parametrize(
    ("text", "place", "missing"),
    [
        (MINIMAL.replace(TAG, "latest"), "4:5", f"{TAG} is"),
        (MINIMAL.replace(NAME, "registry/app"), "4:5", f"{NAME} is"),
        ("application:\n  chart_path: deploy\n", "2:3", f"{NAME} and {TAG} are"),
        ("application:\n  chart_path: deploy\n  value_overrides:\n", "3:19", f"{NAME} and {TAG} are"),
        (MINIMAL.replace(TAG, "x") + f"  namespaceLabels:\n    a: {TAG}\n", "4:5", f"{TAG} is"),
    ],
)
def test_values_without_the_image(text, place, missing):
    assert refusal(text) == [
        f"c.yaml:{place}: application.value_overrides: {missing} nowhere in it, so the pull request's image would not "
        "be deployed; write both where the chart expects the image's repository and tag"
    ]


@pytest.mark.parametrize("spelling", ["{{%s}}", "{{ %s }}", "{ { %s } }", "x-{{%s}}-y"])
def test_an_unknown_placeholder(spelling):
    placeholder = spelling.removeprefix("x-").removesuffix("-y") % "IMAGE"
    assert refusal(f"{MINIMAL}    x: {spelling % 'IMAGE'}\n") == [
        f"c.yaml:7:8: application.value_overrides.x: the placeholder {placeholder} is unknown; there are {NAME} and "
        f"{TAG}; quote the text, if this is meant for the chart"
    ]


MISSPELT = ["APPLICATION_IMAGE_TGA", "application_image_tag", "APPLICATION_TAG", "APP_IMAGE_TAG", "APPLICATIONIMAGETAG"]


@pytest.mark.parametrize("name", [*MISSPELT, "IMAGE_TAG"])
def test_an_unknown_placeholder_is_answered_with_the_nearest_name(name):
    assert refusal(f"{MINIMAL}    x: {{{{{name}}}}}\n") == [
        f"c.yaml:7:8: application.value_overrides.x: the placeholder {{{{{name}}}}} is unknown (did you mean {TAG}?); "
        "quote the text, if this is meant for the chart"
    ]


@pytest.mark.parametrize("name", MISSPELT)
@pytest.mark.parametrize("quote", ["'%s'", '"%s"', "|-\n      %s", "'a-%s'"])
def test_a_misspelt_placeholder_in_quotes_does_not_go_to_the_chart(name, quote):
    assert refusal(f"{MINIMAL}    x: {quote % f'{{{{{name}}}}}'}\n") == [
        f"c.yaml:7:8: application.value_overrides.x: the placeholder {{{{{name}}}}} is unknown (did you mean {TAG}?); "
        f"double the braces, if this is meant for the chart: {{{{{{{{{name}}}}}}}}}"
    ]


@pytest.mark.parametrize(
    "text",
    [
        *[
            "{{ APPLICATION_IMAGE_TAG | lower }}",
            '"{{ APPLICATION_IMAGE_TAG | lower }}"',
            "{{ a.b }}",
            "{{}}",
            "{{a b}}",
        ],
        *["'{{ default \"x\" APPLICATION_IMAGE_TAG }}'", '{{ include "a" . }}', "{{{{APPLICATION_IMAGE_TAG}}}}"],
    ],
)
def test_a_placeholder_that_is_an_expression(text):
    (line,) = refusal(f"{MINIMAL}    x: {text}\n")
    written = text.strip("'") if text.startswith("'") else text.removeprefix('"').removesuffix('"')
    assert f"application.value_overrides.x: {written} is not a placeholder: there are {NAME} and {TAG}, and" in line


@pytest.mark.parametrize(
    "text", ["{{ .Values.y }}", "a-{{ .Values.y }}", '{{ include "a" . }}', '{{ "a" | quote }}', '{{ f "a" }}-{{ g }}']
)
def test_a_template_of_the_chart_without_quotes(text):
    lines = refusal(f"{MINIMAL}    x: {text}\n")
    assert lines[0].startswith("c.yaml:7:8: application.value_overrides.x: {{ ")
    assert lines[0].endswith("; quote the text, if this is meant for the chart")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"{{ f "a" }}"', '{{ f "a" }} has quotes that end the text; put single quotes around the whole text'),
        ("'{{ f 'a' }}'", "{{ f 'a' }} has quotes that end the text; write each ' within it twice"),
    ],
)
def test_a_template_of_the_chart_in_the_wrong_quotes(text, words):
    assert refusal(f"{MINIMAL}    x: {text}\n") == [f"c.yaml:7:8: {words}"]


@pytest.mark.parametrize("text", ["'{{ .Values.y }}'", '"{{- include `a` $ }}"', "|-\n      {{ $.x }} and {{ .y }}"])
def test_a_template_of_the_chart_in_quotes_is_left_to_the_chart(text):
    assert "{{" in values(f"x: {text}")["x"]


def test_a_placeholder_in_a_comment_is_none():
    assert rendered(f"# {{{{WHATEVER}}}}\n{MINIMAL}") == rendered(MINIMAL)


def test_a_placeholder_in_a_key():
    assert refusal(f"{MINIMAL}    a-{TAG}: x\n") == [
        f"c.yaml:7:5: application.value_overrides: a-{TAG}: a placeholder cannot be in a key"
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("image: 1", "image: is given twice, first in line 4; remove one of the two"),
        ("on: x", "the key 'on' is no text; quote it"),
        ("1.5: x", "the key '1.5' is no text; quote it"),
        ("1e3: x", "the key '1e3' is no text; quote it"),
        ("010: x", "the key '010' is no text; quote it"),
        ("[a]: x", "a list or mapping cannot be a key; if it is meant as a text, quote it"),
        ("<<: {a: b}", "<< merges nothing here; write out what belongs here"),
        ("x: .inf", "x: is not a number that can be used; quote it if it is a text"),
        ("x: 0b_", "x: is not a number that can be used; quote it if it is a text"),
        ("x: 9223372036854775808", "x: is a number of more than 64 bits; quote it"),
        ("x: " + "9" * 5000, "x: is not a number that can be used; quote it if it is a text"),
        ('x: "\\0"', "x: has the invisible character U+0000; remove it"),
        ('x: "\\0{{APPLICATION_IMAGE_TAG}}"', "x: has the invisible character U+0000; remove it"),
        ('x: "\\ud800"', "x: has the invisible character U+D800; remove it"),
        ('"\\0": x', "\\x00: a key cannot have an invisible character; remove it"),
    ],
)
def test_data_that_has_no_meaning_for_a_chart(line, words):
    (found,) = refusal(f"{MINIMAL}    {line}\n")
    assert found.startswith("c.yaml:7:")
    assert found.endswith(words)


def test_everything_is_told_at_once():
    text = MINIMAL.replace("deploy", "5") + "  a: 1\n  namespaceLabels: {x: 1, y: 2}\n"
    assert [line.split(":")[1] for line in refusal(text)] == ["2", "7", "8", "8"]


def test_of_very_many_problems_only_the_first_are_told():
    lines = refusal(MINIMAL + "".join(f"  a{number}: x\n" for number in range(100)))
    assert len(lines) == 51
    assert lines[-1] == "and 50 more"
