"""`python -m hack.chart` writes the generated files of `manifests/chart`."""

from __future__ import annotations

import shutil

from hack.chart.files import CHART, FILES, generated

if __name__ == "__main__":
    shutil.rmtree(FILES, ignore_errors=True)
    for name, text in generated().items():
        (CHART / name).parent.mkdir(parents=True, exist_ok=True)
        (CHART / name).write_text(text)
