"""What registries say about images, as kubelets of several versions and three runtimes pass it on."""

import pytest

from controller.environment.diagnosis import images, wording

DIGEST = "sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a"
UNPACK = 'rpc error: code = {} desc = failed to pull and unpack image "{}": failed to resolve reference "{}": '


def containerd(image, said, code="Unknown"):
    return UNPACK.format(code, image, image) + said


CASES = {
    "Docker Hub: no such tag": (
        'Back-off pulling image "nginx:nope": ErrImagePull: '
        + containerd("docker.io/library/nginx:nope", "docker.io/library/nginx:nope: not found", "NotFound"),
        "not found",
    ),
    "Docker Hub: private or missing repository": (
        containerd(
            "docker.io/acme/private:1",
            "pull access denied, repository does not exist or may require authorization: server message: "
            "insufficient_scope: authorization failed",
        ),
        "pull access denied, repository does not exist or may require authorization: server message: "
        "insufficient_scope: authorization failed",
    ),
    "Docker Hub: too many requests": (
        'Failed to pull image "nginx": rpc error: code = Unknown desc = failed to pull and unpack image '
        '"docker.io/library/nginx:latest": failed to copy: httpReadSeeker: failed open: unexpected status code '
        f"https://registry-1.docker.io/v2/library/nginx/manifests/{DIGEST}: 429 Too Many Requests - Server message: "
        "toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit",
        "unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/sha256:0a399eb16751: 429 Too "
        "Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit",
    ),
    "Docker Hub through Docker: no such tag": (
        'Failed to pull image "nginx:nope": Error response from daemon: manifest for nginx:nope not found: manifest '
        "unknown: manifest unknown",
        "manifest for nginx:nope not found: manifest unknown: manifest unknown",
    ),
    "Docker Hub through Docker: too many requests": (
        'Failed to pull image "nginx": rpc error: code = Unknown desc = Error response from daemon: toomanyrequests: '
        "You have reached your pull rate limit.",
        "toomanyrequests: You have reached your pull rate limit.",
    ),
    "Docker Hub through Docker: denied": (
        "Error response from daemon: pull access denied for acme/web, repository does not exist or may require "
        "'docker login': denied: requested access to the resource is denied",
        "pull access denied for acme/web, repository does not exist or may require 'docker login': denied: requested "
        "access to the resource is denied",
    ),
    "GHCR: no token for anonymous": (
        containerd(
            "ghcr.io/acme/web:1",
            "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
            "https://ghcr.io/token?scope=repository%3Aacme%2Fweb%3Apull&service=ghcr.io: 401 Unauthorized",
        ),
        "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
        "https://ghcr.io/token: 401 Unauthorized",
    ),
    "GHCR: manifest unknown": (
        containerd("ghcr.io/acme/web:pr-7", "ghcr.io/acme/web:pr-7: not found", "NotFound"),
        "not found",
    ),
    "GHCR: token without the right": (
        containerd(
            "ghcr.io/acme/web:1",
            "unexpected status from HEAD request to https://ghcr.io/v2/acme/web/manifests/1: 403 Forbidden",
        ),
        "unexpected status from HEAD request to https://ghcr.io/v2/acme/web/manifests/1: 403 Forbidden",
    ),
    "Artifact Registry: forbidden": (
        containerd(
            "europe-docker.pkg.dev/acme/apps/web:1",
            "failed to authorize: failed to fetch oauth token: unexpected status from GET request to "
            "https://europe-docker.pkg.dev/v2/token?scope=repository%3Aacme%2Fapps%2Fweb%3Apull&service=: 403 "
            "Forbidden",
        ),
        "failed to authorize: failed to fetch oauth token: unexpected status from GET request to "
        "https://europe-docker.pkg.dev/v2/token: 403 Forbidden",
    ),
    "GCR: no such image": (
        containerd("gcr.io/acme/web:1", "gcr.io/acme/web:1: not found", "NotFound"),
        "not found",
    ),
    "ECR: no credentials": (
        containerd(
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1",
            "unexpected status from HEAD request to "
            "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/web/manifests/1: 401 Unauthorized",
        ),
        "unexpected status from HEAD request to "
        "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/web/manifests/1: 401 Unauthorized",
    ),
    "ECR: no basic auth credentials": (
        containerd(
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:1",
            "pulling from host 123456789012.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: "
            "no basic auth credentials",
        ),
        "pulling from host 123456789012.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: "
        "no basic auth credentials",
    ),
    "Quay through CRI-O: manifest unknown": (
        "rpc error: code = Unknown desc = initializing source docker://quay.io/acme/web:1: reading manifest 1 in "
        "quay.io/acme/web: manifest unknown",
        "reading manifest 1 in quay.io/acme/web: manifest unknown",
    ),
    "Quay through CRI-O: unauthorized": (
        "rpc error: code = Unknown desc = initializing source docker://quay.io/acme/web:1: reading manifest 1 in "
        "quay.io/acme/web: unauthorized: access to the requested resource is not authorized",
        "reading manifest 1 in quay.io/acme/web: unauthorized: access to the requested resource is not authorized",
    ),
    "wrong password through CRI-O": (
        "rpc error: code = Unknown desc = initializing source docker://registry.example.com/web:1: unable to "
        "retrieve "
        "auth token: invalid username/password: unauthorized: authentication required",
        "unable to retrieve auth token: invalid username/password: unauthorized: authentication required",
    ),
    "no such registry": (
        containerd(
            "registry.example.com/web:1",
            'failed to do request: Head "https://registry.example.com/v2/web/manifests/1": dial tcp: lookup '
            "registry.example.com on 10.96.0.10:53: no such host",
        ),
        'failed to do request: Head "https://registry.example.com/v2/web/manifests/1": dial tcp: lookup '
        "registry.example.com on IP:53: no such host",
    ),
    "registry does not answer": (
        containerd(
            "registry.example.com/web:1",
            'failed to do request: Head "https://registry.example.com/v2/": dial tcp 203.0.113.7:443: i/o timeout',
        ),
        'failed to do request: Head "https://registry.example.com/v2/": dial tcp IP:443: i/o timeout',
    ),
    "unknown authority": (
        containerd(
            "registry.example.com/web:1",
            'failed to do request: Head "https://registry.example.com/v2/": tls: '
            "failed to verify certificate: x509: certificate signed by unknown authority",
        ),
        'failed to do request: Head "https://registry.example.com/v2/": tls: failed to verify certificate: x509: '
        "certificate signed by unknown authority",
    ),
    "other architecture": (
        'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/acme/web:1": no match for '
        "platform in manifest: not found",
        "no match for platform in manifest: not found",
    ),
    "invalid name": (
        'Failed to apply default image tag "Acme/Web:1": couldn\'t parse image name "Acme/Web:1": invalid reference '
        "format: repository name (Acme/Web) must be lowercase",
        "invalid reference format: repository name (Acme/Web) must be lowercase",
    ),
    "never pulled": (
        'Container image "web:1" is not present with pull policy of Never',
        'Container image "web:1" is not present with pull policy of Never',
    ),
    "an old kubelet that only waits": ('Back-off pulling image "nginx:nope"', ""),
    "the Event of a kubelet that only waits": ("Error: ImagePullBackOff", ""),
    "the Event of a first failure": ("Error: ErrImagePull", ""),
}


@pytest.mark.parametrize(("said", "expected"), CASES.values(), ids=CASES)
def test_only_the_words_of_the_registry_remain(said, expected):
    assert wording.clean(images.words([said]), {}) == expected


def test_of_several_texts_the_one_that_says_more_is_taken():
    assert (
        images.words(['Back-off pulling image "x"', "Error: ErrImagePull", 'Failed to pull image "x": denied'])
        == "denied"
    )


@pytest.mark.parametrize(
    ("reason", "said", "expected"),
    [
        ("ImagePullBackOff", "not found", 'Container web: image "web:1" cannot be pulled: not found.'),
        ("ImagePullBackOff", "", 'Container web: image "web:1" cannot be pulled.'),
        ("RegistryUnavailable", "", 'Container web: image "web:1" cannot be pulled: the registry does not answer.'),
    ],
)
def test_the_message_names_container_and_image(reason, said, expected):
    assert images.message("Container web", "web:1", reason, said) == expected


def test_a_long_name_of_an_image_leaves_room_for_the_registry():
    assert len(images.message("Container web", "x" * 4000, "ErrImagePull", "denied")) < 300
