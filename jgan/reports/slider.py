"""Pictures through time, all runs under one slider; without scripts they stand in a row."""

from collections.abc import Sequence

from jgan.reports.embedded_pictures import BUDGET, Frame, strips
from jgan.reports.groups import Group
from jgan.reports.html import Html, quiet, tag
from jgan.reports.runs import Run


def samples(groups: Sequence[Group]) -> list[Html | None]:
    """Pictures through time, all runs under one slider."""
    runs = [run for group in groups for run in group.runs]
    views = list({view: None for run in runs for view in run.pictures})
    parts: list[Html | None] = []
    for view in views:
        found = strips(runs, view, BUDGET // len(views))
        if not found:
            continue
        steps = sorted({frame.step for _, frames in found for frame in frames})
        name = f"slider-{view}"
        slider = tag(
            "input", type="range", id=name, min=0, max=len(steps) - 1, value=len(steps) - 1, step=1
        )
        controls = tag(
            "div",
            tag("button", "Play", type="button"),
            tag("label", "Step", for_=name),
            slider,
            tag("output", f"{steps[-1]:,}", for_=name),
            class_="controls",
            hidden=True,
        )
        rows = [_strip(run, view, frames) for run, frames in found]
        parts += [
            tag("h3", view) if len(views) > 1 else None,
            tag(
                "div",
                controls if len(steps) > 1 else None,
                tag("div", rows, class_="strips"),
                class_="player",
                data_steps=" ".join(map(str, steps)),
            ),
        ]
        if any(frame.scatter for _, frames in found for frame in frames):
            parts.append(quiet("Blue: samples. Grey: data. The first two coordinates."))
    return parts


def _strip(run: Run, view: str, frames: Sequence[Frame]) -> Html:
    figures = [
        tag(
            "figure",
            tag(
                "img",
                src=frame.data,
                alt=f"{view} of {run.name} at step {frame.step:,}",
                width=frame.size[0],
                height=frame.size[1],
                class_="scatter" if frame.scatter else None,
            ),
            tag("figcaption", f"step {frame.step:,}"),
            data_step=frame.step,
        )
        for frame in frames
    ]
    return tag(
        "div",
        tag("h4", run.name),
        tag("div", figures, class_="frames", tabindex=0, role="group", aria_label=run.name),
        class_="strip",
    )
