"""What is measured: cells, each one training, along axes on which one quantity grows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Cell(NamedTuple):
    """One training: a DCGAN with kernels of 5 and latent 100 by alternating Adam on random pixels.

    Attributes:
      batch: examples in a minibatch, those of all devices together.
      resolution: of the square RGB images.
      width: channels of the outermost hidden layers.
      seeds: members of a population, or 0 for a plain training.
      devices: that share the batch.
      mode: of the `jgan.training.devices.Layout`.
    """

    batch: int = 64
    resolution: int = 32
    width: int = 16
    seeds: int = 0
    devices: int = 1
    mode: str = "jit"

    @property
    def images(self) -> int:
        """Data images that a step sees."""
        return self.batch * max(self.seeds, 1)


class Axis(NamedTuple):
    """Cells that differ in one quantity.

    Attributes:
      along: the name of that field of a cell.
      cells: in ascending order of it.
    """

    along: str
    cells: Sequence[Cell]

    @property
    def values(self) -> list[int]:
        """The quantity, cell by cell."""
        return [getattr(cell, self.along) for cell in self.cells]


class Plan(NamedTuple):
    """A whole run.

    Attributes:
      axes: that are timed, by title.
      layouts: cells that are compiled but not run, for their memory and their exchange.
      rounds: quiet rounds wanted of each axis.
      seconds: that a measurement lasts, at least one step.
      disturbance: the largest share of the machine that other processes may use in a quiet round.
    """

    axes: Mapping[str, Axis]
    layouts: Sequence[Cell]
    rounds: int
    seconds: float
    disturbance: float


STRONG, WEAK = "strong scaling", "weak scaling"


def plan(
    *,
    base: Cell,
    batches: Sequence[int],
    resolutions: Sequence[int],
    widths: Sequence[int],
    seeds: Sequence[int],
    devices: Sequence[int],
    layouts: Sequence[Cell],
    rounds: int = 3,
    seconds: float = 0.5,
    disturbance: float = 0.05,
) -> Plan:
    """The axes around ``base``; weak scaling gives each device an eighth of its batch.

    An empty sequence leaves its axis out.

    >>> tiny = plan(base=Cell(8), batches=(), resolutions=(), widths=(4, 8), seeds=(), devices=(1, 2),
    ...             layouts=())
    >>> [(title, axis.values) for title, axis in tiny.axes.items()]
    [('width', [4, 8]), ('strong scaling', [1, 2]), ('weak scaling', [1, 2])]
    >>> [cell.batch for cell in tiny.axes["weak scaling"].cells]
    [1, 2]
    """
    each = base.batch // 8
    axes = {
        "batch": Axis("batch", [base._replace(batch=n) for n in batches]),
        "resolution": Axis("resolution", [base._replace(resolution=n) for n in resolutions]),
        "width": Axis("width", [base._replace(width=n) for n in widths]),
        "population": Axis("seeds", [base._replace(batch=each, seeds=n) for n in seeds]),
        STRONG: Axis("devices", [base._replace(devices=n) for n in devices]),
        WEAK: Axis("devices", [base._replace(batch=each * n, devices=n) for n in devices]),
    }
    used = {title: axis for title, axis in axes.items() if axis.cells}
    return Plan(used, layouts, rounds, seconds, disturbance)


def _layouts(base: Cell, devices: Sequence[int]) -> list[Cell]:
    """One device, then several by "jit" and by "fsdp"."""
    several = [base._replace(devices=n, mode=mode) for mode in ("jit", "fsdp") for n in devices]
    return [base, *several]


FULL = plan(
    base=Cell(batch=128),
    batches=(16, 64, 128, 256),
    resolutions=(16, 32, 64),
    widths=(8, 16, 32, 64),
    seeds=(1, 4, 8),
    devices=(1, 2, 4, 8),
    layouts=_layouts(Cell(width=64), (2, 8)),
)
QUICK = plan(
    base=Cell(batch=16, resolution=8, width=4),
    batches=(8, 16),
    resolutions=(8, 16),
    widths=(4, 8),
    seeds=(1, 2),
    devices=(1, 2),
    layouts=_layouts(Cell(batch=16, resolution=8, width=64), (2,)),
    rounds=1,
    seconds=0.1,
)
