"""The generated files of the chart.

Helm reads no file outside the folder of a chart, and fetching a chart from git can lose symbolic links. So files/
contains unchanged copies of the manifests. The templates set the account and the namespace in them.
"""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Final

from hack.chart.options import values_comment
from hack.chart.schema import schema
from hack.paths import MANIFESTS, ROOT

CHART: Final = MANIFESTS / "chart"
FILES: Final = CHART / "files"
_COPIED: Final = (
    "crds/*.yaml",
    "rbac/*.yaml",
    "policies/*.yaml",
    "quotas/*.yaml",
    "gateway-api/*.yaml",
    "users/*.yaml",
    "report/*.yaml",
    "shards/a/lease.yaml",
    "monitoring/*.yaml",
    "monitoring/podmonitor/podmonitor.yaml",
    "monitoring/report/*.yaml",
    "monitoring/dashboard.json",
)
# Only kustomize reads the first one, and Helm creates the namespace.
_LEFT_OUT: Final = ("kustomization.yaml", "namespace.yaml")
_BEGIN, _END = "# <options>\n", "# </options>\n"


def generated() -> dict[str, str]:
    """Return the text of each generated file, by its path in the chart."""
    return {
        "Chart.yaml": _with_version((CHART / "Chart.yaml").read_text()),
        "values.yaml": _with_options((CHART / "values.yaml").read_text()),
        "values.schema.json": json.dumps(schema(), indent=2) + "\n",
        **{f"files/{file.relative_to(MANIFESTS).parts[0]}/{file.name}": file.read_text() for file in _copied()},
    }


def _copied() -> list[Path]:
    found = [file for pattern in _COPIED for file in sorted(MANIFESTS.glob(pattern))]
    return [file for file in found if file.name not in _LEFT_OUT]


def _with_version(text: str) -> str:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return re.sub(r"^(version|appVersion): .*$", rf"\1: {setup['metadata']['version']}", text, flags=re.MULTILINE)


def _with_options(text: str) -> str:
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{values_comment()}{_END}{after}"
