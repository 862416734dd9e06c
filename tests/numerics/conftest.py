from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    with jax.enable_x64(True):
        yield
