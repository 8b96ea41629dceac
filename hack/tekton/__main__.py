"""`python -m hack.tekton` writes the filters of manifests/tekton/triggers.yaml."""

from __future__ import annotations

from hack.tekton.triggers import FILE, with_filters

if __name__ == "__main__":
    FILE.write_text(with_filters(FILE.read_text()))
