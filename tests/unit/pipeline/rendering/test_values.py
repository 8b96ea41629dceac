"""How the values of a config file are rendered."""

import pytest
import yaml

from controller.pipeline.gitops import read_environment
from controller.pipeline.rendering import read_config
from controller.pipeline.yamlfiles import write
from tests.unit.pipeline.rendering.builders import MINIMAL, parameters, rendered, values

NAME, TAG = "{{APPLICATION_IMAGE_NAME}}", "{{APPLICATION_IMAGE_TAG}}"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (TAG, "1.0"),
        ("{{ APPLICATION_IMAGE_TAG }}", "1.0"),
        ("{ { APPLICATION_IMAGE_TAG } }", "1.0"),
        ("{ {APPLICATION_IMAGE_TAG}}", "1.0"),
        ("{{\tAPPLICATION_IMAGE_TAG } }", "1.0"),
        (f"'{TAG}'", "1.0"),
        (f'"{TAG}"', "1.0"),
        (f"{NAME}:{TAG}", "r.io/a:1.0"),
        (f"{NAME}-x", "r.io/a-x"),
        (f"docker://{NAME}:{TAG}#{TAG}", "docker://r.io/a:1.0#1.0"),
        (f"[{NAME}, {{t: {TAG}}}]", ["r.io/a", {"t": "1.0"}]),
        (f"|\n  a {TAG}\n  b {NAME}\n", "a 1.0\nb r.io/a\n"),
        (f"!!str {TAG}", "1.0"),
    ],
)
def test_a_placeholder_may_be_anywhere_in_a_string(written, value):
    assert values(f"x: {written}", image_repository="r.io/a", image_tag="1.0") == {"x": value}


@pytest.mark.parametrize("tag", ["1e5", "0123", "1.10", "true", "null", "2022-01-13", "0x1F", "1_000", "on", "_", "no"])
def test_a_tag_that_looks_like_another_type_stays_a_string(tag):
    environment = rendered(MINIMAL, image_tag=tag)
    assert environment["spec"]["application"]["release"]["values"]["image"]["tag"] == tag
    assert f"tag: '{tag}'" in write(environment)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-0x1F", -31),
        ("0123", 83),
        ("0o17", 15),
        ("1_000", 1000),
        ("1.50", 1.5),
        ("-.5e-1", -0.05),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("+1e+5", 100000.0),
        ("1_0e3", 10000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e400", "1e400"),
        ("+1", 1),
        ("0X1f", 31),
        ("0B11", 3),
        ("0O17", 15),
        ("-017", -15),
        ("089", 89.0),
        ("0o8", "0o8"),
        ("1e", "1e"),
        ("1.2.3", "1.2.3"),
        ("1,000", "1,000"),
        ("inf", "inf"),
        ("12:30:45", "12:30:45"),
        ("123456789012", 123456789012),
        ("22:22", "22:22"),
        ("2022-01-13", "2022-01-13"),
        ("a:b", "a:b"),
        ("'yes'", "yes"),
        ("y", "y"),
    ],
)
def test_other_values_have_the_same_type_as_in_helm(written, value):
    found = values(f"x: {written}")["x"]
    assert (found, type(found)) == (value, type(value))


def test_numbers_are_accepted_as_keys_as_in_helm():
    assert values("x: {80: web, -1: y}") == {"x": {"80": "web", "-1": "y"}}


def test_line_ends_and_a_byte_order_mark_have_no_effect():
    assert rendered(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()) == rendered(MINIMAL)


@pytest.mark.parametrize("key", ["secret_ref", "values_from", "namespaceLabels"])
def test_a_key_that_is_null_counts_as_absent(key):
    assert rendered(f"{MINIMAL}  {key}:\n") == rendered(MINIMAL)


def test_an_unused_anchor_is_ignored():
    assert values("x: &here y") == {"x": "y"}


@pytest.mark.parametrize(
    "text",
    [
        "a;curl${IFS}x|sh",
        "$(id)",
        '"; rm -rf /',
        "../../x",
        "{a: b}",
        "!!python/object/apply:os.system ['id']",
        "*x",
        "&x",
        "a\n  b: c",
        "a #b",
        "- x",
        "{{APPLICATION_IMAGE_NAME}}",
        "%TAG",
        "\ufdd0\ufdd1\ufdd1\ufdd1",
    ],
)
def test_filled_in_values_are_never_parsed(text):
    content = f"{MINIMAL}    x: a-{TAG}-b\n".encode()
    filled = dict.fromkeys(parameters().placeholders, text)
    found = read_config(content, "c.yaml", filled).application["value_overrides"]
    assert found == {"image": {"repository": text, "tag": text}, "x": f"a-{text}-b"}
    assert yaml.safe_load(write(found)) == found


CHARTS_OWN = [
    ("'{{ include \"application.name\" $ }}'", '{{ include "application.name" $ }}'),
    ('"{{ include \\"application.name\\" $ }}"', '{{ include "application.name" $ }}'),
    ("'{{ printf ''%s'' .x }}'", "{{ printf '%s' .x }}"),
    ("'{{ tpl \"{{ .a }}\" . }}'", '{{ tpl "{{ .a }}" . }}'),
    ("'{{ template \"application.name\" . }}-config'", '{{ template "application.name" . }}-config'),
    ("'{{ (first $.Values.service.ports).port }}'", "{{ (first $.Values.service.ports).port }}"),
    ("'{{ range $i, $e := .x }}{{ $e }}{{ end }}'", "{{ range $i, $e := .x }}{{ $e }}{{ end }}"),
    ("'{{ toYaml .a | nindent 4 }}'", "{{ toYaml .a | nindent 4 }}"),
    ("'{{ .Values.APPLICATION_IMAGE_TAG }}'", "{{ .Values.APPLICATION_IMAGE_TAG }}"),
    ('"{{pod}}"', "{{pod}}"),
    ('"{{ application_name }}"', "{{ application_name }}"),
    ('"{ { pod } }"', "{ { pod } }"),
    ('"{{}}"', "{{}}"),
    ('["{{", "}}"]', ["{{", "}}"]),
    ('|\n      {"legend": "{{pod}}", "x": "{{ f "y" }}"}\n', '{"legend": "{{pod}}", "x": "{{ f "y" }}"}\n'),
    ('>-\n      {{ include "a" . }}\n      b', '{{ include "a" . }} b'),
    ("'{{ include \"a\" . }}:{{APPLICATION_IMAGE_TAG}}'", '{{ include "a" . }}:1.0'),
]


@pytest.mark.parametrize(("written", "value"), CHARTS_OWN)
def test_quoted_templates_are_passed_to_the_chart(written, value):
    found = values(f"x: {written}", image_tag="1.0")
    assert found == {"x": value}
    # The rendered file is parsed again by publish and wait.
    text = write(rendered(f"{MINIMAL}    x: {written}\n", image_tag="1.0"))
    again = read_environment(text.encode(), "environment.yaml")
    assert again.release["values"]["x"] == value


def test_a_quoted_key_may_be_a_template_for_the_chart():
    assert values('"{{ include \\"a\\" . }}": y') == {'{{ include "a" . }}': "y"}


@pytest.mark.parametrize("name", ["APPLICATION_IMAGE_TAG", "APPLICATION_IMAGE_TGA", " APPLICATION_IMAGE_TAG | lower "])
@pytest.mark.parametrize("quote", ["'{}'", '"{}"', "|-\n      {}"])
def test_doubled_braces_pass_our_placeholders_to_the_chart(quote, name):
    assert values("x: " + quote.format("{{{{" + name + "}}}}")) == {"x": "{{" + name + "}}"}
