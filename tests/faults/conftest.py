"""The controller under hardship: killed, cut off, fed with stale caches. The fixtures are the integration tests'."""

from tests.integration.support.fixtures import *  # noqa: F403 - fixtures alone
