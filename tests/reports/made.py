"""Run directories as trainings leave them, made in no time."""

import json
import math

import numpy as np

from jgan.runs.images import encode_png, grid, scatter

RNG = np.random.default_rng(0)


def settings(*, seed=0, steps=100, experiment="toy.py", **arguments):
    return {
        "experiment": experiment,
        "experiment_sha256": "ab" * 32,
        "arguments": {"data": "ring", "lr": 1e-3, **arguments},
        "seed": seed,
        "batch_size": 8,
        "steps": steps,
        "versions": {"python": "3.13.0", "jgan": "0.1.0"},
        "device": "1 x cpu",
    }


def rows(seed, steps=100, every=10):
    """Rows of metrics that are simple functions of step and seed; a score every second row."""
    made = []
    for step in range(every, steps + 1, every):
        row = {"step": step, "generator/loss": 1 + seed + step / 100}
        row |= {"discriminator/loss": 2.0 - seed / 10, "generator/gradient_norm": 1.0 + seed}
        row |= {
            "discriminator/gradient_norm": 10 ** (2.5 * step / steps),
            "discriminator/accuracy": 0.5,
        }
        if step % (2 * every) == 0:
            row["score"] = 0.1 * seed + abs(step - 0.6 * steps) / 100 + 0.5
        made.append(row)
    return made


def as_lines(made):
    finite = lambda value: value if math.isfinite(value) else None
    return "".join(json.dumps({k: finite(v) for k, v in row.items()}) + "\n" for row in made)


def points(step):
    return scatter(RNG.normal(size=(200, 2)) * 10 / step, RNG.normal(size=(500, 2)))


def garments(step, side=28, channels=1):
    return grid(RNG.uniform(-1, 1, (16, side, side, channels)))


def make_run(folder, *, seed=0, steps=100, made=None, picture=points, **options):
    folder.mkdir(parents=True)
    content = settings(seed=seed, steps=steps, **options)
    (folder / "settings.json").write_text(json.dumps(content))
    (folder / "experiment.py").write_text('"""A toy."""\nif 1 < 2 and "<b>":\n    pass\n')
    made = rows(seed, steps) if made is None else made
    (folder / "metrics.jsonl").write_text(as_lines(made))
    scores = {row["step"]: row["score"] for row in made if "score" in row}
    if scores:
        best = min(scores, key=scores.get)
        (folder / "best.json").write_text(json.dumps({"step": best, "score": scores[best]}))
    if picture:
        (folder / "samples").mkdir()
        for step in range(20, steps + 1, 20):
            content = encode_png(picture(step))
            (folder / "samples" / f"samples-{step:06d}.png").write_bytes(content)
    return folder


def evaluation(seed, step=100, name="precision", value=0.5):
    values = [
        {"name": name, "value": value, "spread": 0.01, "better": "higher", "settings": {"k": 5}},
        {"name": "KL", "value": "inf", "spread": None, "better": "lower", "settings": {}},
    ]
    protocol = {"extractor": "coordinates", "samples": 1000, "seed": 0, "versions": {"jax": "1"}}
    protocol |= {"run": f"runs/{seed}", "step": step, "seconds": 1.0 + seed}
    return {"values": values, "protocol": protocol, "warnings": ["Few samples."]}


def add_evaluation(folder, seed, **options):
    (folder / "evaluations").mkdir()
    content = {"evaluations": [evaluation(seed, **options)]}
    (folder / "evaluations" / "100.json").write_text(json.dumps(content))


def spectrum(step):
    values = lambda *reals: {"eigenvalues": [[real, 0.5] for real in reals]}
    words = {"verdict": "attracts", "meaning": "Points nearby come closer."}
    ends = {"lowest": values(-0.1), "highest": values(2.0, 1.0 + step)}
    return {
        "step": step,
        "field": values(-1.0, -0.1),
        "field_right": values(-0.1) | words,
        "rotation_share": 0.25,
        "hessians": {"generator": ends, "discriminator": ends},
        "operator": values(0.9, 0.5) | words,
        "spectral_radius": 0.95,
    }


def make_sweep(folder, *, seeds=3, lrs=(1e-3, 1e-2), diverging=(1e-2, 1), steps=100):
    """A sweep over lr in one batch; the member ``diverging`` is no longer finite from step 60 on."""
    folder.mkdir(parents=True)
    content = {
        "sweep": {"over": ["lr=..."], "seeds": seeds, "steps": steps},
        **settings(steps=steps),
    }
    del content["arguments"]["lr"]
    (folder / "settings.json").write_text(json.dumps(content))
    (folder / "batches").mkdir()
    members = [(lr, seed) for lr in lrs for seed in range(seeds)]
    records, columns = [], []
    for lr, seed in members:
        lost = (lr, seed) == diverging
        own = [
            {
                k: math.nan if lost and row["step"] >= 60 and k != "step" else v
                for k, v in row.items()
            }
            for row in rows(seed + 100 * lr, steps)
        ]
        columns.append(own)
        record = {"setting": {"lr": lr}, "seed": seed, "diverged": 60 if lost else None}
        record |= {"measures": {} if lost else {"score": 100 * lr + seed, "modes": 8.0 - seed}}
        records.append({**record, "metrics": {}})
    lines = [
        {k: v if k == "step" else [own[place][k] for own in columns] for k, v in row.items()}
        for place, row in enumerate(columns[0])
    ]
    (folder / "batches" / "0000.json").write_text(json.dumps(records))
    content = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "batches" / "0000.jsonl").write_text(content)
    (folder / "summary.csv").write_text("lr\n")
    return folder
