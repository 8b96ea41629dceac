"""`tronador event`: decides what a webhook means for the environment of its pull request."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Final

from controller.apimachinery import names
from controller.apimachinery.options import OptionError
from controller.app import exits
from controller.app.commands import files, naming, selecting
from controller.pipeline.webhooks import Delivery, decide, parse_headers

_SIGNATURE_VARIABLE: Final = "TRONADOR_SIGNATURE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Read the body of a webhook (pull_request of GitHub, Gitea and Forgejo, merge_request of GitLab) and print as "
        "JSON whether to apply, remove or ignore, why, and the parameters for render, publish and retire. Exit code 1: "
        "the delivery is refused, because its signature is wrong or its body is broken."
    )
    parser.add_argument(
        "--body", metavar="FILE", required=True, help="file with the request's body, unchanged; - is standard input"
    )
    parser.add_argument(
        "--headers",
        metavar="FILE",
        help="file with all headers of the request, one `Name: value` in each line; they name the provider and the "
        "event, and hold the signature. Replaces --event-type and --signature",
    )
    parser.add_argument(
        "--event-type",
        metavar="NAME",
        default="",
        help="value of the header X-GitHub-Event, X-Gitlab-Event, X-Gitea-Event or X-Forgejo-Event (default: what the "
        "body says)",
    )
    parser.add_argument(
        "--signature",
        metavar="TEXT",
        help="value of the header X-Hub-Signature-256, X-Gitea-Signature, X-Forgejo-Signature or X-Gitlab-Token; the "
        f"last is a secret, so pass it in ${_SIGNATURE_VARIABLE}",
    )
    parser.add_argument(
        "--secret-file",
        metavar="FILE",
        help="file with the webhook's secret; with it a delivery without the right signature is refused",
    )
    selecting.add_rules(parser)
    selecting.add_paths(parser)
    naming.add_template(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="file for the decision (default: standard output)")


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the decision. Raises OptionError if a flag is wrong, and PipelineError if the delivery is refused."""
    template, rules = naming.template_of(parsed), selecting.rules_of(parsed)
    secret = files.read_bytes(parsed.secret_file, "--secret-file") if parsed.secret_file is not None else None
    if parsed.headers is not None and (parsed.event_type or parsed.signature is not None):
        raise OptionError("--headers holds the event and the signature: remove --event-type and --signature")
    delivery = Delivery(
        raw=files.read_bytes(parsed.body, "--body"),
        headers={} if parsed.headers is None else parse_headers(files.read_bytes(parsed.headers, "--headers")),
        event=parsed.event_type,
        signature=(parsed.signature if parsed.signature is not None else environ.get(_SIGNATURE_VARIABLE, "")).strip(),
        # An editor's line end is not part of a secret.
        secret=secret.rstrip(b"\r\n") if secret is not None else None,
    )
    decision = decide(
        delivery,
        rules,
        name=lambda pull: names.environment_name(pull.repository, pull.number, template=template),
    )
    answer = {
        "decision": str(decision.verdict),
        "reason": decision.reason,
        "provider": decision.provider,
        "parameters": decision.parameters,
    }
    files.write_text(parsed.output, json.dumps(answer, indent=2) + "\n")
    return exits.OK
