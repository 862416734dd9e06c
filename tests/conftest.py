"""Settings that every test shares: eight CPU devices and a compilation cache that outlives the run."""

import contextlib
import functools
import gc
import os
import time
from pathlib import Path

import jax
import pytest
import shared_runs
from records import Record
from workers import Groups

from jgan.data import registry
from jgan.training import devices

# Tests compile much and compute little: with LLVM's optimizations off they take half the time.
os.environ["XLA_FLAGS"] = (
    f"--xla_backend_optimization_level=0 {os.environ.get('XLA_FLAGS', '')}".strip()
)
jax.config.update("jax_num_cpu_devices", 8)

# Tracing makes many objects that live long; to look through them again and again takes a tenth of the time.
gc.set_threshold(50_000, 50, 100)

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jgan-tests"
# Without thresholds, since most programs of the tests are small and there are thousands of them.
CACHE_SETTINGS = {
    "jax_compilation_cache_dir": str(CACHE / "jax"),
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}
for name, value in CACHE_SETTINGS.items():
    jax.config.update(name, value)
    # Commands that tests start read them there.
    os.environ[name.upper()] = str(value)


def pytest_addoption(parser):
    parser.addoption(
        "--record",
        metavar="FILE",
        help="keep results in FILE, and leave out the groups whose kept ones still belong to the code",
    )


def pytest_configure(config):
    # Two runs at once may read an entry that the other is writing; it is then compiled anew.
    config.addinivalue_line("filterwarnings", "ignore:Error reading persistent compilation cache")
    config.addinivalue_line("filterwarnings", "ignore:Error writing persistent compilation cache")
    config.pluginmanager.register(shared_runs)
    config.pluginmanager.register(Groups(config, CACHE / "seconds.json"))
    if config.getoption("record"):
        config.pluginmanager.register(Record(config))
    if not hasattr(config, "workerinput"):
        forget_unused_programs()


UNUSED_FOR = 14 * 24 * 3600.0


def forget_unused_programs():
    """Every change of a program leaves its former one behind."""
    for entry in (CACHE / "jax").glob("*"):
        with contextlib.suppress(OSError):
            if time.time() - max(entry.stat()[7:9]) > UNUSED_FOR:
                entry.unlink()


MAPPINGS = Path("/proc/self/maps")
MOST_MAPPINGS = 40_000
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


@pytest.fixture(autouse=True, scope="session")
def read_once():
    """Toys are drawn and the embedded images read once in a process, by what they are asked for."""
    plain = registry._plain

    @functools.cache
    def kept(x64, *arguments):
        return plain(*arguments, dict.fromkeys(("image_size", "channels")))

    def load(name, split, size, seed, shape):
        same = name in (*registry.TOYS, "fashion") and not any(shape.values())
        if not same:
            return plain(name, split, size, seed, shape)
        return kept(jax.config.jax_enable_x64, name, split, size, seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_plain", load)
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
