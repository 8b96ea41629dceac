"""What can be checked of the documentation without running anything."""

from __future__ import annotations

import argparse
import importlib.util
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.app import cli
from controller.app.commands import COMMANDS
from hack.paths import ROOT
from tests.docs import samples
from tests.docs.pages import LANGUAGES, PAGES, SHELLS, Block, anchors, blocks, codes, links
from tests.docs.shell import commands

TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
# Kinds as kubectl takes them, in the forms that the pages use.
KINDS = {
    *("all", "configmap", "configmaps", "crd", "deploy", "deployment", "deployments", "event", "events", "ingress"),
    *("lease", "leases", "namespace", "namespaces", "pod", "pods", "secret", "secrets", "service", "services", "role"),
    *("serviceaccount", "clusterrole", "clusterrolebinding", "rolebinding", "networkpolicy", "poddisruptionbudget"),
    *("validatingadmissionpolicy", "validatingadmissionpolicybinding", "resourcequota", "priorityclass"),
    *("envp", "environmentprovisioner", "environmentprovisioners", "tronadorconfig", "tronadorconfigs", "tronador"),
    *("helmrelease", "helmreleases", "helmreleases.helm.fluxcd.io", "helmreleases.helm.toolkit.fluxcd.io"),
    *("gitrepository", "gitrepositories", "helmchart", "application", "applications"),
}
BY_KIND = ("get", "describe", "delete", "wait", "annotate", "patch", "scale", "label", "logs", "exec", "rollout")
# Of Flux and Helm, and an example.
FLAGS_OF_OTHERS = {
    "--concurrent",
    "--default-service-account",
    "--no-cross-namespace-refs",
    "--flag",
    "--set",
    "--take-ownership",
}
# In place of a value, a page writes words in capitals.
PLACEHOLDER = re.compile(r"[A-Z][A-Z_-]*")
# Blocks that no test can run.
NOT_RUN_AT_MOST = 10


def ids(block: Block) -> str:
    return block.place


def all_commands() -> Iterator[tuple[str, list[str]]]:
    for block in blocks(*SHELLS):
        for text in block.commands:
            yield from ((block.place, words) for words in commands(text))


@pytest.mark.parametrize("block", blocks(), ids=ids)
def test_each_block_says_what_language_it_is(block: Block) -> None:
    assert block.language in LANGUAGES, f"write ```bash, ```console, ```text or another of {LANGUAGES}"


@pytest.mark.parametrize("block", blocks("console"), ids=ids)
def test_a_console_block_begins_with_a_command(block: Block) -> None:
    assert block.text.startswith("$ ")


def test_few_blocks_are_skipped_and_each_says_why() -> None:
    unrun = [block for block in blocks(*SHELLS) if block.not_run]

    assert all(len(block.not_run.split()) > 2 for block in unrun)
    assert len(unrun) <= NOT_RUN_AT_MOST


@pytest.mark.parametrize(("place", "words"), [c for c in all_commands() if c[1][0] == "tronador"])
def test_each_tronador_command_line_is_valid(place: str, words: list[str], capsys: Any) -> None:
    with suppress(SystemExit):
        cli.parser().parse_args(words[1:])

    assert capsys.readouterr().err == "", place


def within_sentences(program: str) -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for code in codes(page):
            if code.startswith(f"{program} "):
                yield from ((page.name, words) for words in commands(code))


@pytest.mark.parametrize(
    ("place", "words"), [*(c for c in all_commands() if c[1][0] == "kubectl"), *within_sentences("kubectl")]
)
def test_each_kubectl_line_names_files_and_kinds_that_exist(place: str, words: list[str]) -> None:
    made = {str(Path(block.file).parent) for block in blocks() if block.file}
    for flag, value in pairwise(words):
        if flag in ("-k", "-f", "--patch-file", "kustomize") and value.startswith(("manifests", "hack")):
            assert (ROOT / value).exists() or value in made, f"{place}: {value}"
    for kind in kinds_of(words):
        assert kind in KINDS or PLACEHOLDER.fullmatch(kind), f"{place}: {kind}"


def kinds_of(words: list[str]) -> Iterator[str]:
    plain, skip = [], False
    for word in words[1:]:
        if skip or word.startswith("-"):
            skip = not skip and word in ("-n", "-o", "-k", "-f", "-l", "-c", "--context", "--type", "--namespace")
        else:
            plain.append(word)
    if plain[:1] == ["rollout"]:
        plain = plain[1:]
    if plain and plain[0] in (*BY_KIND, "status", "restart", "undo", "create") and len(plain) > 1:
        if plain[0] in ("exec", "logs") and "/" not in plain[1]:
            return
        yield from (kind.partition("/")[0] for kind in plain[1].split(",") if kind and kind[0] not in "-/")


def test_each_named_make_target_exists() -> None:
    named = {word for _, words in all_commands() if words[0] == "make" for word in words[1:] if "=" not in word}
    for page in PAGES:
        named |= {found[1] for code in codes(page) if (found := re.match(r"make ([a-z-]+)", code))}

    assert named - TARGETS == set()


def test_each_module_to_run_exists() -> None:
    lines = [" ".join(words) for _, words in all_commands()] + [code for page in PAGES for code in codes(page)]
    modules = {found[1] for line in lines if (found := re.search(r"python3? -m (hack[.\w]*|controller[.\w]*)", line))}

    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_command_within_a_sentence_exists(page: Path) -> None:
    known = {command.name for command in COMMANDS}
    named = {found[1] for code in codes(page) if (found := re.match(r"tronador ([a-z]+)\b", code))}

    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_flag_within_a_sentence_exists(page: Path) -> None:
    ours = {flag for parser in parsers() for action in parser._actions for flag in action.option_strings}
    named = {code for code in codes(page) if re.match(r"--[a-z]|tronador ", code)}
    flags = {flag for code in named for flag in re.findall(r"(?:^|\s)(--[a-z][a-z-]+)", code)}

    assert flags - ours - FLAGS_OF_OTHERS == set()


def parsers() -> Iterator[argparse.ArgumentParser]:
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        command.load().add_arguments(parser)
        yield parser


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_has_an_existing_target(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_file_within_a_sentence_exists(page: Path) -> None:
    pattern = re.compile(r"(?:manifests|hack|docs|controller|tests)/[\w./-]*\w")
    named = {code for code in codes(page) if pattern.fullmatch(code)}

    assert [name for name in named - {block.file for block in blocks()} if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", ["architecture.md", "decisions.md", "machinery.md", "contributing.md"])
def test_each_module_within_a_sentence_exists(page: str) -> None:
    named = {code for code in codes(ROOT / "docs" / page) if re.fullmatch(r"[a-z_]+(/[a-z_]+)*(\.py|/)", code)}

    assert [name for name in named if not any((place / name).exists() for place in (ROOT, ROOT / "controller"))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_is_too_long(page: Path) -> None:
    generated = page.name == "reference.md"

    assert generated or len(page.read_text().splitlines()) <= 500


@pytest.mark.parametrize("block", blocks("yaml"), ids=ids)
def test_each_sample_is_valid(block: Block) -> None:
    for document in samples.documents(block.text):
        assert samples.problems(document) == [], yaml.safe_dump(document)
