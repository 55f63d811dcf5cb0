"""Profiles of the property tests: small by default, `--hypothesis-profile=long` for a long search."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from einsdiff.layouts import LAYOUTS

settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
settings.register_profile("long", max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("default")


@pytest.fixture
def table_of_layouts() -> Iterator[None]:
    """What a test registers is gone after it."""
    kept = dict(LAYOUTS)
    yield
    LAYOUTS.clear()
    LAYOUTS.update(kept)
