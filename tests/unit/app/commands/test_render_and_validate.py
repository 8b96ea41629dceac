"""The commands `render` and `validate`: files in, files or words out."""

import subprocess
import sys

import pytest
import yaml

from controller.app.cli import main
from tests.unit.pipeline.rendering.builders import MINIMAL

FLAGS = [
    "--repo-name=shop",
    "--pr-number=7",
    "--git-url=https://example.com/a/shop",
    "--git-ref=feat/x",
    "--image-repository=r.io/shop",
    "--image-tag=1e5",
]


@pytest.fixture
def config(tmp_path):
    file = tmp_path / ".tronador.yaml"
    file.write_text(MINIMAL)
    return file


def test_an_environment_goes_to_standard_output(config, capsys):
    assert main(["render", f"--config={config}", *FLAGS], {}) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out == (
        "apiVersion: tronador.stakater.com/v1alpha1\n"
        "kind: EnvironmentProvisioner\n"
        "metadata:\n"
        "  name: shop-7\n"
        "  annotations:\n"
        "    tronador.stakater.com/repository: example.com/a/shop\n"
        "    tronador.stakater.com/pull-request: '7'\n"
        "spec:\n"
        "  application:\n"
        "    release:\n"
        "      chart:\n"
        "        git: 'https://example.com/a/shop'\n"
        "        path: deploy\n"
        "        ref: feat/x\n"
        "      releaseName: feat-x-79b4cc554b\n"
        "      values:\n"
        "        image:\n"
        "          repository: r.io/shop\n"
        "          tag: '1e5'\n"
    )


def test_the_config_file_of_the_current_folder_is_the_default(config, capsys, monkeypatch):
    monkeypatch.chdir(config.parent)
    assert main(["render", *FLAGS], {}) == 0


def test_the_environment_is_written_to_a_new_folder_and_its_name_printed(config, capsys, tmp_path):
    file = tmp_path / "environment/new/environment.yaml"
    for _ in range(2):
        assert main(["render", f"--config={config}", f"--output={file}", *FLAGS], {}) == 0
        assert capsys.readouterr() == ("shop-7\n", "")
    assert yaml.safe_load(file.read_text())["metadata"]["name"] == "shop-7"


def test_the_rendered_environment_is_valid(config, tmp_path):
    file = tmp_path / "environment.yaml"
    main(["render", f"--config={config}", f"-o{file}", "--fork", *FLAGS], {})
    assert main(["validate", str(file), str(config)], {}) == 0


def test_a_wrong_config_file_writes_nothing(config, capsys, tmp_path):
    config.write_text("")
    file = tmp_path / "environment.yaml"
    assert main(["render", f"--config={config}", f"-o{file}", *FLAGS], {}) == 1
    assert capsys.readouterr() == ("", f"{config}: the file is empty; fill it in, or pass another file\n")
    assert not file.exists()


def test_a_missing_file_is_reported(capsys, tmp_path):
    assert main(["render", f"--config={tmp_path}/none", *FLAGS], {}) == 1
    assert (
        capsys.readouterr().err
        == f"tronador render: --config: cannot read '{tmp_path}/none': No such file or directory\n"
    )


def test_an_invalid_parameter_is_reported(config, capsys):
    assert main(["render", f"--config={config}", *FLAGS, "--image-tag=$(id)"], {}) == 1
    assert capsys.readouterr().err == ("tronador render: --image-tag: '$(id)' is not valid; use an image tag\n")


@pytest.mark.parametrize("flag", ["--pr-number=NA", "--pr-number=0", "--pr-number=07", "--name-template={repo}"])
def test_bad_usage_has_a_different_exit_code(config, flag):
    assert main(["render", f"--config={config}", *FLAGS, flag], {}) == 2


def test_a_value_that_looks_like_a_flag_is_used_as_a_value(config, capsys):
    assert main(["render", f"--config={config}", *FLAGS, "--git-ref=--upload-pack=x"], {}) == 1
    assert "--git-ref: '--upload-pack=x' is not valid" in capsys.readouterr().err


def test_fields_overridden_by_the_base_branch_are_reported(config, capsys, tmp_path):
    base = tmp_path / "base.yaml"
    base.write_text(MINIMAL)
    config.write_text(f"{MINIMAL}  namespaceLabels: {{a: b}}\n")
    for file in (base, tmp_path / "none.yaml"):
        assert main(["render", f"--config={config}", f"--base-config={file}", *FLAGS], {}) == 0
        out, err = capsys.readouterr()
        assert "namespaceLabels" not in out
        assert err == f"tronador render: namespaceLabels is taken from {file}, which differs\n"


def test_all_problems_of_all_files_are_reported(tmp_path, capsys):
    one, other = tmp_path / "1.yaml", tmp_path / "2.yaml"
    one.write_text("a: 1\n")
    other.write_text("")
    assert main(["validate", str(one), str(other)], {}) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{one}:1:1: a: unknown key; remove it, or use application",
        f"{one}:1:1: application: required key is missing; add it",
        f"{other}: the file is empty; fill it in, or pass another file",
    ]


@pytest.mark.parametrize(
    ("arguments", "environ"), [(["--allow-external-values"], {}), ([], {"TRONADOR_ALLOW_EXTERNAL_VALUES": "true"})]
)
def test_the_controllers_policy_options_are_used(config, arguments, environ):
    config.write_text(MINIMAL + "  values_from: [{externalSourceRef: {url: 'https://x/y'}}]\n")
    assert main(["validate", str(config)], {}) == 1
    assert main(["validate", str(config), *arguments], environ) == 0


def test_a_bad_option_is_bad_usage(config, capsys):
    assert main(["validate", str(config), "--pinned-namespace-labels=x"], {}) == 2
    assert capsys.readouterr().err.startswith("tronador validate: --pinned-namespace-labels: ")


def test_invalid_text_from_any_source_fails_without_a_traceback(config):
    """As arguments of a real process, which need not be Unicode."""
    code = """if True:
        import sys
        from controller.app.cli import main
        print([main([*sys.argv[1:-6], argument], {}) for argument in sys.argv[-6:]])
    """
    flags = (b"--repo-name", b"--git-ref", b"--git-url", b"--image-tag", b"--config", b"--repository-url")
    command = [
        sys.executable,
        "-c",
        code,
        "render",
        f"--config={config}",
        *FLAGS,
        *(flag + b"=\xff\xfe" for flag in flags),
    ]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert ended.stdout == b"[1, 1, 1, 1, 1, 1]\n"
    assert b"Traceback" not in ended.stderr


def test_the_output_is_utf_8_in_every_locale(config):
    config.write_text(f"{MINIMAL}    x: grün\n")
    ended = subprocess.run(
        [sys.executable, "-m", "controller", "render", f"--config={config}", *FLAGS],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    )
    assert "x: 'grün'" in ended.stdout.decode()


def _nested(depth):
    return "{a: " * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        (101, "'nested 101 levels deep' is refused (InvalidSpec); reduce the nesting to at most 100 levels"),
        (115, "'nested 115 levels deep' is refused (InvalidSpec); reduce the nesting to at most 100 levels"),
        (1500, "is nested more than 100 levels deep; reduce the nesting to at most 100 levels"),
    ],
)
def test_values_too_deep_for_the_controller_are_refused_early(depth, words, config, capsys, tmp_path):
    config.write_text(f"{MINIMAL}    x: {_nested(depth - 1)}\n")
    assert main(["render", f"--config={config}", *FLAGS], {}) == 1
    assert words in capsys.readouterr().err
    assert main(["validate", str(config)], {}) == 1
    assert words in capsys.readouterr().err
    manifest = tmp_path / "environment.yaml"
    release = f"{{chart: {{git: 'https://git.example/a/b', path: x}}, values: {_nested(depth)}}}"
    manifest.write_text(
        "apiVersion: tronador.stakater.com/v1alpha1\nkind: EnvironmentProvisioner\nmetadata: {name: a}\n"
        f"spec: {{application: {{release: {release}}}}}\n"
    )
    assert main(["validate", str(manifest)], {}) == 1
    assert words in capsys.readouterr().err


def test_values_of_a_hundred_levels_are_rendered_and_valid(config, tmp_path):
    config.write_text(f"{MINIMAL}    x: {_nested(99)}\n")
    file = tmp_path / "environment.yaml"
    assert main(["render", f"--config={config}", f"-o{file}", *FLAGS], {}) == 0
    assert main(["validate", str(file), str(config)], {}) == 0
