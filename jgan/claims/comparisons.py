"""Pictures of what a claim's training drew, and beside it what its control's drew."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jgan.claims.verify import Show
from jgan.files import make_folder, write_atomically
from jgan.runs.images import encode_png
from jgan.runs.views import pictures_of, reference_of, view_pictures, viewers
from jgan.training.experiment import Claim, Trained

GAP = 4
_WHITE, _GREY = 255, 160


def drawer(
    folder: str | Path, stem: str, arguments: Mapping[str, Any], claims: Sequence[Claim]
) -> Show:
    """A `Show` for `jgan.claims.verify.verify` that writes a picture of each pair of trainings to ``folder``.

    Claims that share both trainings share their pictures. ``NAME.png`` shows the view ``"samples"`` and
    ``NAME-VIEW.png`` every other view, with NAME as in `name_of`.

    Args:
      folder: made at once, if it is not there.
      stem: name of the experiment.
      arguments: of the experiment, as given to `verify`.
      claims: of the experiment.

    Raises:
      UserError: if the folder cannot be made; from the call, if a picture cannot be written.
    """
    folder = make_folder(folder)
    written: set[str] = set()

    def show(claim: Claim, trained: Trained | None, control: Trained | None) -> None:
        name = name_of(claim, claims, stem, arguments)
        if name in written:
            return
        written.add(name)
        for view, pixels in side_by_side(trained, control).items():
            ending = "" if view == "samples" else f"-{view}"
            write_atomically(folder / f"{name}{ending}.png", encode_png(pixels))

    return show


def side_by_side(trained: Trained | None, control: Trained | None) -> dict[str, np.ndarray]:
    """For each view, the training's picture and its control's with a white gap, ``(H, W, C)`` uint8.

    Views are of the averaged variables and always of the same latents. A grey field stands for what has
    diverged, and for a view that only the other has. Where both have diverged there is no picture.
    """
    left, right = _views(trained), _views(control)
    return {view: _joined(left.get(view), right.get(view)) for view in {**left, **right}}


def _views(trained: Trained | None) -> dict[str, np.ndarray]:
    return {} if trained is None else view_pictures(trained, viewers(trained.experiment))


def with_real(
    trained: Trained | None, control: Trained | None, view: str = "samples"
) -> np.ndarray | None:
    """Real examples, a training's view and its control's in a row, ``(H, W, C)`` uint8.

    As in `side_by_side`; None if neither has the view.
    """
    experiments = [one.experiment for one in (trained, control) if one is not None]
    pictures = [_views(trained), _views(control)]
    if not any(view in own for own in pictures):
        return None
    reference = reference_of(experiments[0])
    real = pictures_of({"real": reference}, reference)
    return _joined(real.get("real"), *(own.get(view) for own in pictures))


def name_of(claim: Claim, claims: Sequence[Claim], stem: str, arguments: Mapping[str, Any]) -> str:
    """The first of ``STEM-DATA``, ``STEM-DATA-CONTROL`` and all that is set which no other pair has.

    >>> first = Claim("a", lambda trained: 0, {"gamma": 0}, setting={"data": "ring"})
    >>> second = Claim("b", lambda trained: 0, {"gamma": 0, "lr": 0.1})
    >>> third = second._replace(control={"gamma": 0})
    >>> [name_of(claim, (first, second, third), "r1", {"data": "npz:photos/cats.npz"})
    ...  for claim in (first, second, third)]
    ['r1-ring', 'r1-cats-gamma-0-lr-0.1', 'r1-cats-gamma-0']
    """
    names = list(_names(claim, stem, arguments))
    others = [list(_names(one, stem, arguments)) for one in claims]
    for length, name in enumerate(names):
        if all(other[length] != name for other in others if other[-1] != names[-1]):
            return name
    return names[-1]


def _names(claim: Claim, stem: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    """From short to long; a path among the data gives its last part."""
    data = {**arguments, **claim.setting}.get("data", "")
    control = [word for item in claim.control.items() for word in item]
    setting = [word for item in claim.setting.items() for word in item]
    for words in ([], control, [*setting, *control, claim.steps or ""]):
        parts = [
            re.sub(r"[^\w.-]+", "-", str(word)) for word in (stem, Path(str(data)).stem, *words)
        ]
        yield "-".join(part for part in parts if part)


def _joined(*panels: np.ndarray | None) -> np.ndarray:
    """Panels ``(H, W, C)`` in a row with white gaps, of which at least one is there."""
    there = [panel for panel in panels if panel is not None]
    filled = [np.full_like(there[0], _GREY) if panel is None else panel for panel in panels]
    height, channels = (max(panel.shape[axis] for panel in filled) for axis in (0, 2))
    width = sum(panel.shape[1] + GAP for panel in filled) - GAP
    sheet = np.full((height, width, channels), _WHITE, np.uint8)
    left = 0
    for panel in filled:
        sheet[: panel.shape[0], left : left + panel.shape[1]] = panel
        left += panel.shape[1] + GAP
    return sheet
