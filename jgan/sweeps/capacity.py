"""How many members of a sweep train at once."""

from pathlib import Path

import jax

from jgan.data.pictures import available_bytes
from jgan.runs.run import read_settings
from jgan.runs.saved import shape_of_state
from jgan.training.experiment import Experiment

MOST_AT_ONCE = {"cpu": 16}


def members_at_once(folder: Path) -> int | None:
    """How many an earlier start of the sweep in ``folder`` trained at once, or None if it is the first."""
    if not (folder / "settings.json").is_file():
        return None
    return read_settings(folder).get("sweep", {}).get("at_once")


def members_that_fit(experiment: Experiment) -> int:
    """How many members can train at once: a few copies of the state each, in half of a device's memory.

    The devices of a CPU share its memory, and each holds the data. The largest stage decides.
    """
    stats = jax.devices()[0].memory_stats() or {}
    free = stats.get("bytes_limit", available_bytes()) - stats.get("bytes_in_use", 0)
    sharing = jax.local_device_count() if jax.default_backend() == "cpu" else 1
    fitting = [MOST_AT_ONCE.get(jax.default_backend(), 256)]
    for stage, end in zip(experiment.stages, experiment.ends, strict=True):
        batch = stage.source.first(stage.batch_size)
        leaves = jax.tree.leaves((shape_of_state(experiment.until(end)), batch))
        needed = 6 * sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
        fitting.append(int((free / 2 - stage.source.nbytes * sharing) // needed))
    return max(1, min(fitting))
