"""How large the study is: networks, steps, seeds and samples."""

from typing import NamedTuple

from jgan.errors import UserError


class Scale(NamedTuple):
    """A size of the study.

    Attributes:
      width: channels of the outermost convolutions; the study's nets have 64.
      steps: discriminator steps of a run.
      bn_decay: of batch normalisation's running statistics.
      seeds: of the authors' defaults, or of the best setting if there is a search.
      wide: settings a method drawn from the wide ranges, beside the authors' default; 0 for no search.
      narrow: likewise from the narrow ranges.
      samples: of each distance.
      times: evenly spaced checkpoints at which the distance is measured, the last at the end.
      batch_size: examples in a minibatch.
      log_every: updates between rows of metrics.
      save_every: updates between checkpoints.
      extractor: of features, a name in jgan.evaluation.extractors.NAMES.
      test: examples of the test set that are used, None for all.
    """

    width: int
    steps: int
    bn_decay: float
    seeds: int
    wide: int
    narrow: int
    samples: int
    times: int
    batch_size: int = 64
    log_every: int = 50
    save_every: int = 250
    extractor: str = "auto"
    test: int | None = None


SCALES = {
    "smoke": Scale(4, 10, 0.9, 2, 0, 0, 64, 2, batch_size=8, extractor="random", test=256),
    "laptop": Scale(32, 1000, 0.98, 3, 0, 0, 2000, 2),
    "gpu": Scale(64, 15_625, 0.999, 50, 100, 50, 10_000, 4, log_every=625, save_every=3125),
}
FULL = SCALES["gpu"]
LEAST = {"steps": 1, "seeds": 1, "wide": 0, "narrow": 0, "samples": 2, "times": 1}


def checked(scale: Scale) -> Scale:
    """The scale, if it is possible.

    Raises:
      UserError: naming the first number that is too small.
    """
    for name, least in LEAST.items():
        value = getattr(scale, name)
        if value < least:
            raise UserError(f"--{name} is {value}, but must be at least {least}.")
    return scale
