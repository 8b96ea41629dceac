"""Our own webhook bodies, with the fields that are read, and functions that decide about them."""

import copy
import json

from controller.pipeline.webhooks import Delivery, Rules, decide

SHA = "6f50ff2f00112233445566778899aabbccddeeff"
OLD_SHA = "0123456789abcdef0123456789abcdef01234567"
TIME = "2026-03-01T12:00:00Z"
LABEL = "preview"
STRICT = Rules()


def ask(body, *, rules=STRICT, **delivery):
    """Return the decision about a body, which may be an object or raw bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decide(Delivery(raw=raw, **delivery), rules, name=lambda pull: f"{pull.repository}-{pull.number}")


def verdict(body, **options):
    """Return only the verdict about a body."""
    return str(ask(body, **options).verdict)


def github(action="opened", *, fork=False, gone=False, labels=(), label=None, **pull):
    """Return a `pull_request` event of GitHub. Other arguments are fields of the pull request."""
    base = _github_repository(1, "acme/shop")
    source = None if gone else _github_repository(2, "stranger/shop") if fork else base
    body = {
        "action": action,
        "number": 74,
        "pull_request": {
            "number": 74,
            "state": "closed" if action == "closed" else "open",
            "draft": False,
            "merged": False,
            "title": "Sell more",
            "html_url": "https://github.com/acme/shop/pull/74",
            "user": {"id": 7, "login": "someone"},
            "updated_at": TIME,
            "labels": None if labels is None else [{"id": 1, "name": name} for name in labels],
            "head": {"ref": "run-pipeline", "sha": SHA, "repo": source},
            "base": {"ref": "main", "sha": OLD_SHA, "repo": base},
            **pull,
        },
        "repository": base,
        "sender": {"id": 7, "login": "someone"},
    }
    if label is not None:
        body["label"] = {"id": 1, "name": label}
    return body


def gitea(action="opened", *, fork=False, gone=False, labels=(), label=None, changes=None, **pull):
    """Return a `pull_request` event of Gitea or Forgejo. `label` is the one that Forgejo names."""
    body = github(action, fork=fork, gone=gone, labels=labels, label=label)
    found = body["pull_request"]
    del found["draft"]
    for side in ("head", "base"):
        repository = found[side]["repo"]
        found[side] |= {"label": found[side]["ref"], "repo_id": repository["id"] if repository else -1}
        if repository:
            _as_of(repository, "gitea.example.com")
    found |= {"updated_at": "2026-03-01T13:00:00+01:00", **pull}
    # Gitea sends some unused fields as null.
    body |= {"requested_reviewer": None, "commit_id": "", "review": None}
    return body if changes is None else {**body, "changes": changes}


def gitlab(action="open", *, fork=False, gone=False, labels=(), changes=None, pushed=False, **attributes):
    """Return a merge request event of GitLab. Other arguments are fields of `object_attributes`."""
    target = _gitlab_project("acme/shop")
    source = None if gone else _gitlab_project("stranger/shop") if fork else target
    states = {"close": "closed", "merge": "merged"}
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": {"id": 7, "username": "someone"},
        "project": {"id": 1, **target},
        "repository": {"name": "The Shop", "homepage": target["web_url"]},
        "object_attributes": {
            "id": 990074,
            "iid": 74,
            "action": action,
            "state": states.get(action, "opened"),
            "title": "Sell more",
            "author_id": 7,
            "url": "https://gitlab.example.com/acme/shop/-/merge_requests/74",
            "draft": False,
            "work_in_progress": False,
            "source_branch": "run-pipeline",
            "target_branch": "main",
            "source_project_id": None if gone else 2 if fork else 1,
            "target_project_id": 1,
            "source": source,
            "target": target,
            "last_commit": {"id": SHA, "title": "Sell more"},
            "labels": [{"id": 1, "title": name} for name in labels],
            "updated_at": "2026-03-01 12:00:00 UTC",
            **({"oldrev": OLD_SHA} if pushed else {}),
            **attributes,
        },
        "labels": [{"id": 1, "title": name} for name in labels],
        "changes": changes or {},
    }


def ping():
    """Return the `ping` event that GitHub sends when a webhook is made."""
    hook = {"type": "Repository", "id": 3, "active": True, "events": ["pull_request"]}
    return {"zen": "Ship small changes.", "hook_id": 3, "hook": hook, "repository": _github_repository(1, "acme/shop")}


def labels_changed(before, after):
    """Return the `changes` that GitLab sends for labels."""
    return {
        "labels": {"previous": [{"title": name} for name in before], "current": [{"title": name} for name in after]}
    }


def changed(body, path, value):
    """Return a copy of a body with the field at a dotted path set, or removed if `value` is `...`."""
    copied = copy.deepcopy(body)
    *parents, last = path.split(".")
    where = copied
    for name in parents:
        where = where[name]
    if value is ...:
        del where[last]
    else:
        where[last] = value
    return copied


def _github_repository(number, full_name):
    return {
        "id": number,
        "name": full_name.partition("/")[2],
        "full_name": full_name,
        # This does not make the pull request a fork: the base itself may be a fork of another repository.
        "fork": True,
        "clone_url": f"https://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
    }


def _as_of(repository, host):
    for name in ("clone_url", "ssh_url"):
        repository[name] = repository[name].replace("github.com", host)


def _gitlab_project(path):
    return {
        "name": "The Shop",
        "path_with_namespace": path,
        "web_url": f"https://gitlab.example.com/{path}",
        "git_http_url": f"https://gitlab.example.com/{path}.git",
        "git_ssh_url": f"git@gitlab.example.com:{path}.git",
        "default_branch": "main",
    }
