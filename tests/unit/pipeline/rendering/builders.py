"""Parameters of a snapshot, and functions that render a config file."""

import textwrap

from controller.pipeline.errors import InvalidFiles
from controller.pipeline.rendering import Parameters, read_config, render

GUIDE = {
    "repository_name": "stakater-nordmart-inventory",
    "number": 74,
    "git_url": "https://github.com/stakater-lab/stakater-nordmart-inventory",
    "git_ref": "run-pipeline",
    "image_repository": (
        "nexus-docker-stakater-nexus.apps.binero-test.8sdzwd1l.kubeapp.cloud/stakater-nordmart-inventory"
    ),
    "image_tag": "SNAPSHOT-PR-74-6f50ff2f",
}
MINIMAL = """\
application:
  chart_path: deploy
  value_overrides:
    image:
      repository: {{APPLICATION_IMAGE_NAME}}
      tag: {{APPLICATION_IMAGE_TAG}}
"""


def parameters(**others):
    return Parameters(**{**GUIDE, **others})


def config(text, *, file="c.yaml", given=None):
    content = text if isinstance(text, bytes) else text.encode()
    given = given or parameters()
    return read_config(content, file, given.placeholders)


def rendered(text, *, base=None, **others):
    given = parameters(**others)
    return render(
        config(text, given=given), given, base=None if base is None else config(base, file="base.yaml", given=given)
    )


def values(text, **others):
    """Return the chart's values, without the image, for a config file with these lines under value_overrides."""
    lines = textwrap.indent(textwrap.dedent(text), "    ")
    found = rendered(f"{MINIMAL}{lines}\n", **others)["spec"]["application"]["release"]["values"]
    return {key: value for key, value in found.items() if key != "image"}


def refusal(text, **others):
    """Return the problems of a config file that is rejected, one per line."""
    try:
        rendered(text, **others)
    except InvalidFiles as error:
        return str(error).splitlines()
    raise AssertionError("the config file was not rejected")
