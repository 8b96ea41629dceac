"""Tokens that the package renews: looked at seldom, by one thread, and never lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from kubernetes.client import Configuration
from kubernetes.config import ConfigException

from controller.client import rotation
from tests.unit.fakes import DEADLINE, FakeClock


class Package:
    """A hook like those of the package: it writes the token, and replaces the hook of the configuration by itself."""

    def __init__(self) -> None:
        self.calls = 0
        self.before: Callable[[], None] = lambda: None

    def __call__(self, target: Configuration) -> None:
        self.calls += 1
        self.before()
        target.api_key["BearerToken"] = f"Bearer {self.calls}\n"
        target.refresh_api_key_hook = self


@pytest.fixture
def package() -> Package:
    return Package()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def token(package: Package, clock: FakeClock) -> Callable[[], str | None]:
    """Asks a configuration for its token, as each request does."""
    configuration = Configuration()
    configuration.api_key["BearerToken"] = "Bearer 0\n"
    configuration.refresh_api_key_hook = package
    rotation.renew(configuration, clock=clock)
    return lambda: configuration.get_api_key_with_prefix("BearerToken", alias="authorization")


@pytest.mark.promise("client")
def test_the_package_looks_at_the_token_every_ten_seconds_at_most(
    token: Callable[[], str | None], package: Package, clock: FakeClock
) -> None:
    assert [token() for _ in range(5)] == ["Bearer 1"] * 5
    clock.advance(10.0)
    assert [token() for _ in range(5)] == ["Bearer 2"] * 5
    assert package.calls == 2


@pytest.mark.parametrize("error", [ConfigException("Token file exists but empty."), FileNotFoundError()])
def test_a_token_that_cannot_be_renewed_now_stays(
    token: Callable[[], str | None], package: Package, clock: FakeClock, error: Exception
) -> None:
    def fail() -> None:
        raise error

    token()
    package.before = fail
    clock.advance(10.0)
    assert token() == "Bearer 1"
    package.before = lambda: None
    clock.advance(10.0)
    assert token() == "Bearer 3"


def test_other_requests_do_not_wait_while_a_plugin_fetches_a_token(
    token: Callable[[], str | None], package: Package
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        assert may_end.wait(DEADLINE)

    package.before = wait
    thread = threading.Thread(target=token)
    thread.start()
    assert begun.wait(DEADLINE)
    assert token() == "Bearer 0"
    may_end.set()
    thread.join(DEADLINE)
    assert token() == "Bearer 1"
    assert package.calls == 1
