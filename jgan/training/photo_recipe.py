"""Settings of StyleGAN2 for one's own pictures, by their size and number, the batch size and the device."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from jgan.data import Source
from jgan.errors import UserError
from jgan.training.decisions import Decision
from jgan.training.picture_sides import check_sides, near_sides

AUTO = "auto"
FEW, MANY = 1_000, 50_000
"""Pictures below which DiffAugment is used from the first step on, and from which on nothing is augmented."""


@dataclass(frozen=True)
class PhotoSettings:
    """Settings of `experiments/photos.py` that are decided by `recipe` where they are none or auto.

    Attributes:
      width: Channels at the pictures' size, which double with every halving; decided if none.
      most: Channels at most; decided if none.
      latent: Size of the latents and of the styles; decided if none.
      lr: Learning rate of both Adam optimizers; decided if none.
      gamma: Strength of R1; decided if none.
      path_length: Weight of path-length regularisation, 0 for none of it; decided if none.
      mixing: Share of training examples whose style is mixed from two latents; decided if none.
      residual: Whether the discriminator has shortcuts; decided if auto.
      augmentation: Transformation of all pictures that the discriminator is shown: none, diff for DiffAugment,
        ada for adaptive augmentation; decided by the number of pictures if auto.
      ada_kimg: Thousands of real pictures in which the probability of ada can rise from 0 to 1; decided if
        none.
    """

    width: int | None = None
    most: int | None = None
    latent: int | None = None
    lr: float | None = None
    gamma: float | None = None
    path_length: float | None = None
    mixing: float | None = None
    residual: Literal["auto", "yes", "no"] = "auto"
    augmentation: Literal["auto", "none", "diff", "ada"] = "auto"
    ada_kimg: float | None = None

    @property
    def given(self) -> dict[str, Any]:
        """The settings that are not left to be decided."""
        return {name: value for name, value in asdict(self).items() if value not in (None, AUTO)}


class Recipe(NamedTuple):
    """All settings of a training.

    Attributes:
      values: by name, the fields of `PhotoSettings`, ``"batch_size"`` and ``"steps"``.
      decisions: those among them that were not given, and why.
    """

    values: dict[str, Any]
    decisions: tuple[Decision, ...]


def recipe(
    shape: Sequence[int], pictures: int, accelerators: int, given: Mapping[str, Any] = {}
) -> Recipe:
    """The settings for pictures of this shape.

    On accelerators they are those of the setting "auto" of StyleGAN2-ADA's code (Karras et al. 2020, "Training
    generative adversarial networks with limited data"), with three exceptions: pictures of up to 32 pixels
    get what the authors set for CIFAR-10 (no path lengths, no mixing, no shortcuts), augmentation is adaptive
    for some numbers of pictures only, and the training has a fifth of the length. Learning rates and betas are
    not changed for lazy terms (`jgan.terms.penalties.lazy`). A CPU gets narrower networks, smaller batches, a
    shorter training and no path lengths.

    Args:
      shape: ``(height, width, channels)``.
      pictures: how many there are.
      accelerators: how many devices share a batch; 0 for a CPU.
      given: settings by name that are not decided.

    Raises:
      UserError: if ``ada_kimg`` is given with another augmentation.
    """
    values: dict[str, Any] = {}
    decisions: list[Decision] = []

    def decide(name: str, value: Any, reason: str) -> Any:
        if name not in given:
            decisions.append(Decision(name, value, reason))
        values[name] = given.get(name, value)
        return values[name]

    side, cpu = round(math.sqrt(shape[0] * shape[1])), not accelerators
    small = side <= 32
    as_cifar = "as the authors have it for CIFAR-10, because the pictures are small"
    if cpu:
        batch, why = max(1, min(4096 // side, 16)), "because more would make a step of a CPU long"
    else:
        each = max(1, min(4096 // side, 32))
        batch = max(min(accelerators * each, 64), accelerators)
        batch -= batch % accelerators
        why = f"because a device takes {each} of this size, and 64 are enough"
    if batch > pictures:
        batch, why = pictures, "because there are no more pictures"
    batch = decide("batch_size", batch, why)
    base, cap = (512, 128) if cpu else (32768 if side >= 512 else 16384, 512)
    which = "what a CPU trains in some hours" if cpu else "StyleGAN2-ADA's number"
    width = max(4, min(base // side, cap))
    decide(
        "width", width, f"because {base} channels over {side} pixels, at most {cap}, are {which}"
    )
    decide("most", cap, f"because this is {which}")
    decide("latent", cap, f"because this is {which}")
    lr = 0.002 if side >= 1024 else 0.0025
    decide("lr", lr, "as in StyleGAN2-ADA for this size")
    gamma = 0.0002 * side**2 / batch
    decide("gamma", gamma, f"because R1 is 0.0002 x {side}² over {batch} pictures a batch")
    if small:
        decide("path_length", 0.0, as_cifar)
    elif cpu:
        decide("path_length", 0.0, "because it evens styles out, for which a CPU has no time")
    else:
        decide("path_length", 2.0, "as in StyleGAN2")
    decide("mixing", 0.0 if small else 0.9, as_cifar if small else "as in StyleGAN2")
    decide("residual", "no" if small else "yes", as_cifar if small else "as in StyleGAN2")
    thousands = 200 if cpu else 5000
    steps = max(1, 1000 * thousands // batch)
    decide("steps", steps, f"so that {thousands:,} thousand pictures are shown")
    augmentation = given.get("augmentation", "ada")
    if "ada_kimg" in given and augmentation != "ada":
        raise UserError(
            f"ada_kimg is {given['ada_kimg']:g}, which is for the augmentation ada, but augmentation is "
            f"{augmentation!r}; give ada_kimg with ada or without an augmentation."
        )
    if "ada_kimg" in given:
        decide("augmentation", "ada", "because ada_kimg is given")
    elif pictures < FEW:
        few = "few" if pictures >= 100 else "so few that samples will be copies"
        decide("augmentation", "diff", f"because {pictures:,} pictures are {few}")
    elif pictures < MANY:
        decide("augmentation", "ada", f"because {pictures:,} pictures are fewer than {MANY:,}")
    else:
        decide("augmentation", "none", f"because {pictures:,} pictures are enough")
    if values["augmentation"] == "ada":
        decide("ada_kimg", thousands / 10, "because this is a tenth of the training")
    return Recipe(values, tuple(decisions))


def photos(source: Source, pictures: int | None = None) -> Source:
    """So many of a source's pictures, or all of them, if StyleGAN2 can learn from them.

    Raises:
      UserError: if there is only one; if their sides are not 4, 5, 6 or 7 times a power of two; if all were
        read from smaller files; or if ``pictures`` is not 2 to their number.
    """
    of, (height, width) = f"data is {source.name!r}", source.shape[:2]
    if source.size < 2:
        raise UserError(
            f"{of}, which has 1 picture, but a GAN learns what many have in common; give hundreds."
        )
    check_sides(source)
    if source.file_scale < 1:
        side = int(source.file_scale * min(height, width) + 1e-6)
        smaller = near_sides(side)[0]
        advice = f"end its name with a smaller one, such as @{smaller}"
        raise UserError(
            f"{of}, whose files are all smaller than {height}x{width} pixels, so that there is nothing to "
            f"learn at this size; {advice if smaller <= side else 'give larger ones'}."
        )
    if pictures is not None and not 2 <= pictures <= source.size:
        raise UserError(
            f"pictures is {pictures}, but {source.name!r} has {source.size}; use 2 to {source.size}."
        )
    return source.take(pictures)
