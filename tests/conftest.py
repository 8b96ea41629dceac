"""Property tests search the same examples in every run; `--hypothesis-profile=explore` searches new ones."""

from hypothesis import HealthCheck, settings

# Other work on the same machine must not fail a test: no deadline, no complaint about slow generation.
settings.register_profile(
    "deterministic", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("deterministic")
