"""Directories of finished sweeps, made in no time."""

import json
import math

SCORE = {"distance": "sliced Wasserstein", "samples": 100, "seed": 0, "reference": "ring"}
FIELD = {"dtype": "float32", "shape": [2], "range": [-1.0, 1.0], "sha256": "aa"}
DATA = {"name": "ring", "examples": 200, "example": "image", "fields": {"image": FIELD}}


def made_sweep(folder, members, *, score=SCORE, arguments=None, finished=True, **settings):
    """A sweep of ``members``: ``(setting, seed, measures)``, in which None stands for a training that diverged.

    Numbers in place of measures are scores. A fourth entry is the rung at which a member ended.
    """
    (folder / "batches").mkdir(parents=True)
    content = {
        "sweep": {"over": [], "score": score},
        "experiment": "toy.py",
        "experiment_sha256": "ab" * 32,
        "arguments": {"data": "ring", "width": 4, **(arguments or {})},
        "seed": 0,
        "batch_size": 10,
        "steps": 8,
        "data": DATA,
        "versions": {"jgan": "0.2.0", "jax": "0.12"},
        **settings,
    }
    (folder / "settings.json").write_text(json.dumps(content))
    records = []
    for setting, seed, found, *rung in members:
        measures = found if isinstance(found, dict) else {} if found is None else {"score": found}
        lost = 4 if found is None else None
        record = {"setting": setting, "seed": seed, "diverged": lost, "measures": measures}
        records.append({**record, "metrics": {}, "course": [], "halved": rung[0] if rung else None})
    (folder / "batches" / "0000.json").write_text(json.dumps(records))
    if finished:
        (folder / "summary.csv").write_text("")
    return folder


def wave(place, seed):
    """A number that looks random."""
    return math.sin(12.9898 * (place + 1) + 78.233 * (seed + 1)) / 2


def searched(folder, seeds=9, **options):
    """A sweep over two losses and three rates; of the hinge loss at the highest rate seed 1 diverged."""
    members = []
    for place, (loss, lr) in enumerate(
        (loss, lr) for loss in ("hinge", "wasserstein") for lr in (1e-4, 1e-3, 1e-2)
    ):
        for seed in range(seeds):
            score = 3 + place + wave(place, seed)
            lost = (loss, lr, seed) == ("hinge", 1e-2, 1)
            members.append(({"loss": loss, "lr": lr}, seed, None if lost else score))
    return made_sweep(folder, members, **options)
