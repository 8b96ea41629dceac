"""Every error in a config file is reported with its place, its field and a remedy."""

import time

import pytest

from tests.unit.pipeline.rendering.builders import MINIMAL, refusal, rendered, values

NAME, TAG = "{{APPLICATION_IMAGE_NAME}}", "{{APPLICATION_IMAGE_TAG}}"
ALL = f"{NAME}, {TAG}, {{{{ENVIRONMENT_NAME}}}}, {{{{PR_NUMBER}}}} or {{{{RELEASE_NAME}}}}"
CHART_PATH = """(folder of the chart, relative to the repository's root and without '..'; "." is the root itself)"""


@pytest.mark.parametrize("text", ["", "\n \n", "# a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_rejected(text):
    assert refusal(text) == ["c.yaml: the file is empty; fill it in, or pass another file"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n\tb: c\n", "c.yaml:2:1: a tab is not allowed here; indent with spaces"),
        ("a: b: c\n", "c.yaml:1:5: a ':' is not allowed here; check the indentation, or quote the value"),
        ("a\nb: c\n", "c.yaml:2:2: a ':' is not allowed here; check the indentation, or quote the value"),
        (
            "a:\n  b: 1\n c: 2\n",
            "c.yaml:3:2: the indentation does not match; indent keys of one mapping by the same number of spaces",
        ),
        ("a: 'b\n", "c.yaml:2:1: the file ends within a quoted string; add the closing quote"),
        (
            "a: [b\n",
            "c.yaml:2:1: invalid YAML: expected ',' or ']', but got '<stream end>'; "
            "check the indentation and the quotes",
        ),
        ('a: "\\q"\n', "c.yaml:1:6: \\ starts an escape in double quotes; use single quotes"),
        ("a: @b\n", "c.yaml:1:4: a value cannot start with '@'; quote it"),
        (
            "{% if x %}\n",
            "c.yaml:1:2: a value cannot start with '%'; statements such as {% if %} are not supported",
        ),
        ('a: "\\UFFFFFFFF"\n', "c.yaml:1:7: the escape (\\x, \\u or \\U) is not a valid character; remove it"),
        ('a: "\\ufdd0"\n', "c.yaml:1:5: the escape \\ufdd0 is not a valid character; remove it"),
    ],
)
def test_invalid_yaml_is_reported_with_a_remedy(text, line):
    assert refusal(text) == [line]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a: b\nc: \xe9t\xe9\n", "c.yaml:2:4: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("a: b\n".encode("utf-16"), "c.yaml: the file is UTF-16; save it as UTF-8"),
        (b"a: b\nc: d\x00\n", "c.yaml:2:5: the invisible character U+0000 is not allowed; remove it"),
        (b"a: \x1b[31m\n", "c.yaml:1:4: the invisible character U+001B is not allowed; remove it"),
        ("a: x\u2028b: y\n".encode(), "c.yaml:1:5: the invisible character U+2028 is not allowed; remove it"),
        (b"a: b\n" * 110_000, "c.yaml: the file has 550000 bytes; shorten it to at most 524288 bytes"),
        (b"\xff\xd8\xff\xe0 an image", "c.yaml:1:1: byte 0xff is not UTF-8; save the file as UTF-8"),
    ],
)
def test_content_that_is_not_plain_text_is_rejected(content, line):
    assert refusal(content) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x [b]\nb: *x\n", "c.yaml:2:4: the alias *x is not supported; write out its value"),
        (
            "a: !!python/object/new:os.system ['id']\n",
            "c.yaml:1:4: the tag !!python/object/new:os.system is not supported; remove it, and quote the value if it "
            "is a string",
        ),
        (
            "a: !secret x\n",
            "c.yaml:1:4: the tag !secret is not supported; remove it, and quote the value if it is a string",
        ),
        (
            "a: " + "[" * 100_000,
            "c.yaml:1:131: this is nested more than 100 levels deep; reduce the nesting to at most 100 levels",
        ),
        (
            "{a: " * 50_000,
            "c.yaml:1:510: this is nested more than 100 levels deep; reduce the nesting to at most 100 levels",
        ),
    ],
)
def test_aliases_tags_and_deep_nesting_are_rejected(text, line):
    assert refusal(text) == [line]


@pytest.mark.parametrize("text", ["- a\n", "text\n", "~\n", "5\n"])
def test_a_document_that_is_not_a_mapping_is_rejected(text):
    assert refusal(text) == ["c.yaml:1:1: the document is not a mapping; write application: and its keys below it"]


def test_a_second_document_is_rejected():
    assert refusal(f"{MINIMAL}---\n{MINIMAL}") == [
        "c.yaml:8:1: a second document starts here, but a config file has only one; "
        "remove it, or move it to another file"
    ]


def test_an_environment_instead_of_a_config_file_is_recognized():
    assert refusal("apiVersion: tronador.stakater.com/v1alpha1\nkind: EnvironmentProvisioner\n") == [
        "c.yaml:1:1: this is a Kubernetes object, not a config file; if it is a complete EnvironmentProvisioner, "
        "publish it as it is; otherwise write a config file: application with chart_path and value_overrides"
    ]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("chart-path", "c.yaml:7:3: application.chart-path: unknown key; did you mean chart_path?"),
        ("chartPath", "c.yaml:7:3: application.chartPath: unknown key; did you mean chart_path?"),
        ("namespace_labels", "c.yaml:7:3: application.namespace_labels: unknown key; did you mean namespaceLabels?"),
        ("valuesFrom", "c.yaml:7:3: application.valuesFrom: unknown key; did you mean values_from?"),
        ("secretref", "c.yaml:7:3: application.secretref: unknown key; did you mean secret_ref?"),
        ("value_override", "c.yaml:7:3: application.value_override: unknown key; did you mean value_overrides?"),
        ("values", "c.yaml:7:3: application.values: unknown key; did you mean value_overrides?"),
        (
            "chartVarsPath",
            "c.yaml:7:3: application.chartVarsPath: unknown key; list values files of the chart in "
            "values_from, each with a chartFileRef",
        ),
        (
            "replicas",
            "c.yaml:7:3: application.replicas: unknown key; remove it, or use chart_path, secret_ref, "
            "value_overrides, values_from, namespaceLabels, expire_after or preview_url",
        ),
    ],
)
def test_an_unknown_key_is_reported_with_a_suggestion(key, line):
    assert refusal(f"{MINIMAL}  {key}: x\n") == [line]


def test_a_key_beside_application_is_reported_with_its_right_place():
    assert refusal(f"{MINIMAL}namespaceLabels:\n  a: b\n") == [
        "c.yaml:7:1: namespaceLabels: unknown key; move it under application"
    ]


def test_the_keys_of_the_first_versions_are_reported_as_outdated():
    old = "it dates from before the first release of Tronador and no longer has an effect; remove it"
    assert refusal("version: 1\ntargetBranches: [main]\napplication:\n  chartPath: deploy\ndependencies: {}\n") == [
        f"c.yaml:1:1: version: unknown key; {old}",
        f"c.yaml:2:1: targetBranches: unknown key; {old}",
        "c.yaml:4:3: application.chartPath: unknown key; did you mean chart_path?",
        f"c.yaml:4:3: application.chart_path: required key is missing; add it {CHART_PATH}",
        f"c.yaml:5:1: dependencies: unknown key; {old}",
    ]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("secret_ref", "x", "7:15: application.secret_ref: 'x' is a string; write a mapping (secret with the username"),
        (
            "secret_ref",
            "{namespace: a}",
            "7:15: application.secret_ref.name: required key is missing; add it (name of the Secret",
        ),
        ("secret_ref", "{name: A_b}", "7:22: application.secret_ref.name: 'A_b' is not valid here (name of the"),
        ("values_from", "{}", "7:16: application.values_from: the value is a mapping; write a list (sources of values"),
        (
            "values_from",
            "[{}]",
            "7:17: application.values_from[0]: exactly one of configMapKeyRef, secretKeyRef, externalSourceRef "
            "and chartFileRef is required, but found none",
        ),
        (
            "values_from",
            "[{configMapKeyRef: {name: a}, secretKeyRef: {name: b}}]",
            "7:17: application.values_from[0]: exactly one of configMapKeyRef, ",
        ),
        (
            "values_from",
            "[{secretRef: {name: a}}]",
            "7:18: application.values_from[0].secretRef: unknown key; did you mean secretKeyRef?",
        ),
        (
            "values_from",
            "[{externalSourceRef: {url: 'https://user:hunter2@x/y'}}]",
            "7:43: application.values_from[0].externalSourceRef.url: 'https://***@x/y' is not valid here (http or",
        ),
        (
            "values_from",
            "[{secretKeyRef: {name: a, optional: maybe}}]",
            "7:52: application.values_from[0].secretKeyRef.optional: 'maybe' is a string; write true or false (whether",
        ),
        (
            "namespaceLabels",
            "[a]",
            "7:20: application.namespaceLabels: the value is a list; write a mapping (labels for",
        ),
        (
            "namespaceLabels",
            "{a: true}",
            "7:24: application.namespaceLabels.a: true is a boolean, not a string; quote it",
        ),
        ("namespaceLabels", "{a: 5}", "7:24: application.namespaceLabels.a: 5 is an integer, not a string; quote it"),
        ("namespaceLabels", "{a: x y}", "7:24: application.namespaceLabels.a: 'x y' is not valid here (value of a"),
        (
            "namespaceLabels",
            "{a: ~}",
            "7:24: application.namespaceLabels.a: the value is empty; fill it in, or remove the key",
        ),
        (
            "namespaceLabels",
            "{x y: z}",
            "7:26: application.namespaceLabels[x y]: 'x y' is refused (InvalidSpec); use a valid label key",
        ),
        (
            "namespaceLabels",
            "{app.kubernetes.io/managed-by: me}",
            "7:51: application.namespaceLabels[app.kubernetes.io/managed-by]: 'me' is refused (LabelReserved); this",
        ),
    ],
)
def test_an_invalid_value_is_reported_with_place_and_remedy(key, value, words):
    (line,) = refusal(f"{MINIMAL}  {key}: {value}\n")
    assert line.startswith(f"c.yaml:{words}")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("", f"c.yaml:2:14: application.chart_path: required key is missing; add it {CHART_PATH}"),
        ("''", f"c.yaml:2:15: application.chart_path: the value is empty; fill it in {CHART_PATH}"),
        ("5", "c.yaml:2:15: application.chart_path: 5 is an integer, not a string; quote it"),
        ("../../x", f"c.yaml:2:15: application.chart_path: '../../x' is not valid here {CHART_PATH}"),
        ("[a]", f"c.yaml:2:15: application.chart_path: the value is a list; write a string {CHART_PATH}"),
    ],
)
def test_a_missing_or_invalid_chart_path_is_reported(value, line):
    assert refusal(MINIMAL.replace("deploy", value)) == [line]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("application:\n", "c.yaml:1:13: application: the value is empty; fill it in, or remove the key"),
        ("application: []\n", "c.yaml:1:14: application: the value is a list; write a mapping"),
        ("other: x\n", "c.yaml:1:1: application: required key is missing; add it"),
    ],
)
def test_a_missing_or_empty_application_is_reported(text, line):
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
def test_values_without_the_image_placeholders_are_rejected(text, place, missing):
    assert refusal(text) == [
        f"c.yaml:{place}: application.value_overrides: {missing} missing, so the image of the pull request would not "
        "be deployed; write both where the chart expects the image's repository and tag"
    ]


@pytest.mark.parametrize("spelling", ["{{%s}}", "{{ %s }}", "{ { %s } }", "x-{{%s}}-y"])
def test_an_unknown_placeholder_is_reported(spelling):
    placeholder = spelling.removeprefix("x-").removesuffix("-y") % "IMAGE"
    assert refusal(f"{MINIMAL}    x: {spelling % 'IMAGE'}\n") == [
        f"c.yaml:7:8: application.value_overrides.x: unknown placeholder {placeholder}; use {ALL}; "
        "if this is meant for the chart, quote it"
    ]


MISSPELT = ["APPLICATION_IMAGE_TGA", "application_image_tag", "APPLICATION_TAG", "APP_IMAGE_TAG", "APPLICATIONIMAGETAG"]


@pytest.mark.parametrize("name", [*MISSPELT, "IMAGE_TAG"])
def test_an_unknown_placeholder_gets_the_most_similar_suggestion(name):
    assert refusal(f"{MINIMAL}    x: {{{{{name}}}}}\n") == [
        f"c.yaml:7:8: application.value_overrides.x: unknown placeholder {{{{{name}}}}} (did you mean {TAG}?); "
        "if this is meant for the chart, quote it"
    ]


@pytest.mark.parametrize("name", MISSPELT)
@pytest.mark.parametrize("quote", ["'%s'", '"%s"', "|-\n      %s", "'a-%s'"])
def test_a_misspelt_placeholder_in_quotes_is_rejected(name, quote):
    assert refusal(f"{MINIMAL}    x: {quote % f'{{{{{name}}}}}'}\n") == [
        f"c.yaml:7:8: application.value_overrides.x: unknown placeholder {{{{{name}}}}} (did you mean {TAG}?); "
        f"if this is meant for the chart, double the braces: {{{{{{{{{name}}}}}}}}}"
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
def test_a_placeholder_with_an_expression_is_rejected(text):
    (line,) = refusal(f"{MINIMAL}    x: {text}\n")
    written = text.strip("'") if text.startswith("'") else text.removeprefix('"').removesuffix('"')
    assert f"application.value_overrides.x: {written} is not a placeholder: use {ALL}, without" in line


@pytest.mark.parametrize(
    "text", ["{{ .Values.y }}", "a-{{ .Values.y }}", '{{ include "a" . }}', '{{ "a" | quote }}', '{{ f "a" }}-{{ g }}']
)
def test_an_unquoted_template_of_the_chart_is_rejected(text):
    lines = refusal(f"{MINIMAL}    x: {text}\n")
    assert lines[0].startswith("c.yaml:7:8: application.value_overrides.x: {{ ")
    assert lines[0].endswith("; if this is meant for the chart, quote it")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"{{ f "a" }}"', '{{ f "a" }} contains quotes that end the string; put single quotes around the whole text'),
        ("'{{ f 'a' }}'", "{{ f 'a' }} contains quotes that end the string; write each ' in it twice"),
    ],
)
def test_a_template_in_the_wrong_quotes_is_reported_with_the_remedy(text, words):
    assert refusal(f"{MINIMAL}    x: {text}\n") == [f"c.yaml:7:8: {words}"]


@pytest.mark.parametrize("text", ["'{{ .Values.y }}'", '"{{- include `a` $ }}"', "|-\n      {{ $.x }} and {{ .y }}"])
def test_a_quoted_template_is_passed_to_the_chart(text):
    assert "{{" in values(f"x: {text}")["x"]


def test_a_placeholder_in_a_comment_is_ignored():
    assert rendered(f"# {{{{WHATEVER}}}}\n{MINIMAL}") == rendered(MINIMAL)


def test_a_placeholder_in_a_key_is_rejected():
    assert refusal(f"{MINIMAL}    a-{TAG}: x\n") == [
        f"c.yaml:7:5: application.value_overrides: a-{TAG}: a placeholder cannot be in a key; write the key itself"
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("image: 1", "image: the key is set twice, first in line 4; remove one of the two"),
        ("on: x", "the key 'on' is not a string; quote it"),
        ("1.5: x", "the key '1.5' is not a string; quote it"),
        ("1e3: x", "the key '1e3' is not a string; quote it"),
        ("010: x", "the key '010' is not a string; quote it"),
        ("[a]: x", "a list or mapping cannot be a key; if it is a string, quote it"),
        ("<<: {a: b}", "merge keys (<<) are not supported; write out the keys"),
        ("x: .inf", "x: this number is not supported; if it is a string, quote it"),
        ("x: 0b_", "x: this number is not supported; if it is a string, quote it"),
        ("x: 9223372036854775808", "x: this number has more than 64 bits; quote it"),
        ("x: " + "9" * 5000, "x: this number is not supported; if it is a string, quote it"),
        ('x: "\\0"', "x: the invisible character U+0000 is not allowed; remove it"),
        ('x: "\\0{{APPLICATION_IMAGE_TAG}}"', "x: the invisible character U+0000 is not allowed; remove it"),
        ('x: "\\ud800"', "x: the invisible character U+D800 is not allowed; remove it"),
        ('"\\0": x', "\\x00: a key cannot contain an invisible character; remove it"),
    ],
)
def test_data_that_json_cannot_hold_is_rejected(line, words):
    (found,) = refusal(f"{MINIMAL}    {line}\n")
    assert found.startswith("c.yaml:7:")
    assert found.endswith(words)


def test_all_problems_are_reported_at_once():
    text = MINIMAL.replace("deploy", "5") + "  a: 1\n  namespaceLabels: {x: 1, y: 2}\n"
    assert [line.split(":")[1] for line in refusal(text)] == ["2", "7", "8", "8"]


def test_only_the_first_fifty_problems_are_shown():
    lines = refusal(MINIMAL + "".join(f"  a{number}: x\n" for number in range(100)))
    assert len(lines) == 51
    assert lines[-1] == "and 50 more"


def test_a_placeholder_without_the_end_of_its_string_takes_no_time():
    started = time.process_time()
    assert refusal(MINIMAL + "    a: '{{ \"" + '\\"' * 20_000 + " }}'\n    b: {{c}}\n")
    assert time.process_time() - started < 1


def test_a_long_placeholder_is_cut_in_a_message():
    (line,) = refusal(f"{MINIMAL}    a: '{{{{ {'APPLICATION_IMAGE_TAGS ' * 1000} }}}}'\n")
    assert len(line) < 500


def test_a_misspelt_placeholder_after_a_quote_by_mistake_is_rejected():
    (line,) = refusal(f"{MINIMAL}    a: '{{{{ \" | APPLICATION_IMAGE_TAGS }}}}'\n")
    assert "is not a placeholder" in line
