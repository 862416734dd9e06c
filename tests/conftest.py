"""Settings that every test shares: eight CPU devices and a compilation cache that outlives the run."""

import gc
import os
from pathlib import Path

import jax
import pytest

from jgan.training import devices

# Tests compile much and compute little: with LLVM's optimizations off they take half the time.
os.environ["XLA_FLAGS"] = (
    f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}".strip()
)

jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_compilation_cache_dir", str(Path(__file__).parents[1] / ".cache" / "jax"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def pytest_configure(config):
    # Two runs at once may read an entry that the other is writing; it is then compiled anew.
    config.addinivalue_line("filterwarnings", "ignore:Error reading persistent compilation cache")
    config.addinivalue_line("filterwarnings", "ignore:Error writing persistent compilation cache")


MAPPINGS = Path("/proc/self/maps")
MOST_MAPPINGS = 20_000
TESTS_DONE = pytest.StashKey[int]()


@pytest.fixture(autouse=True)
def few_programs(request):
    """Each compiled program holds memory mappings, of which Linux grants a process 65,530; then XLA crashes."""
    yield
    done = request.session.stash[TESTS_DONE] = request.session.stash.get(TESTS_DONE, 0) + 1
    # Counting takes milliseconds, so not after every test; a test makes some hundreds of them.
    if done % 10 == 0 and _mappings() > MOST_MAPPINGS:
        jax.clear_caches()
        gc.collect()


def _mappings():
    return MAPPINGS.read_bytes().count(b"\n") if MAPPINGS.exists() else 0


@pytest.fixture(autouse=True, scope="session")
def one_device():
    """Training spreads over all devices; here it takes one, except where a test asks for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "all_devices", lambda: jax.devices()[:1])
        yield


@pytest.fixture
def eight_devices(monkeypatch):
    """Training spreads over the eight fake devices, as it would over real ones."""
    monkeypatch.setattr(devices, "all_devices", jax.devices)


@pytest.fixture
def double():
    """Double precision for finite differences."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def strict():
    """No silent broadcasting over ranks and no silent change of type."""
    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"):
        yield
