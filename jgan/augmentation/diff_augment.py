"""DiffAugment: every picture that the discriminator is shown gets another colour, place and hole."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from jgan.augmentation.augmented import Augmentation
from jgan.augmentation.moves import cut
from jgan.augmentation.pictures import check_pictures, on_pictures
from jgan.batch_axis import draw_rows
from jgan.players import PyTree, named_key
from jgan.scene import Moment

POLICY = ("color", "translation", "cutout")
"""The strong policy, which the paper uses where there are few pictures; its names are the paper's."""


def diff_augment(policy: Sequence[str] = POLICY) -> Augmentation:
    """DiffAugment (Zhao et al. 2020) of pictures ``(B, H, W, C)``, for `with_augmentation`.

    Every transformation is drawn for each picture anew, real and fake by the same law, and is affine in the
    pixels, so that derivatives of any order and mode are exact. In the order of the policy:

    * ``color``: brightness + U(-0.5, 0.5); saturation, deviations from a pixel's mean over the channels
      times U(0, 2); contrast, deviations from the picture's mean times U(0.5, 1.5).
    * ``translation``: by whole pixels up to an eighth of each side, zeros (middle grey) filling in.
    * ``cutout``: zeros in a rectangle of half of each side whose centre lies anywhere in the picture.

    The authors' PyTorch code is followed; theirs for TensorFlow takes the picture's mean as if every one had
    256 x 256 x 3 numbers.

    Args:
      policy: names of what is done, of `POLICY`.

    Raises:
      ValueError: if a name is unknown or occurs twice; when it is played, if the examples have no pictures.
    """
    if unknown := [name for name in policy if name not in TRANSFORMS]:
        raise ValueError(
            f"policy has {unknown[0]!r}, but its names must be of {', '.join(TRANSFORMS)}."
        )
    if len(set(policy)) < len(policy):
        raise ValueError(f"policy is {', '.join(policy)}, but must have each name once.")

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        check_pictures("diff_augment", values)

        def transform(images: jax.Array) -> jax.Array:
            for name in policy:
                images = TRANSFORMS[name](named_key(key, name), images)
            return images

        return on_pictures(transform, values)

    return augment


def color(key: jax.Array, images: jax.Array) -> jax.Array:
    """Images ``(B, H, W, C)`` of other brightness, saturation and contrast, as `diff_augment` says."""
    exact = jnp.promote_types(images.dtype, jnp.float32)
    chances = draw_rows(lambda rows: jax.random.uniform(key, (rows, 3), exact), images.shape[0])
    brightness, saturation, contrast = jnp.split(chances[:, :, None, None], 3, axis=1)
    x = images.astype(exact) + (brightness - 0.5)
    if images.shape[3] > 1:  # a grey pixel is its own mean
        grey = jnp.mean(x, axis=3, keepdims=True)
        x = 2 * saturation * (x - grey) + grey
    mean = jnp.mean(x, axis=(1, 2, 3), keepdims=True)
    return ((contrast + 0.5) * (x - mean) + mean).astype(images.dtype)


def translation(key: jax.Array, images: jax.Array) -> jax.Array:
    """Images ``(B, H, W, C)`` shifted by whole pixels up to an eighth of each side, zeros filling in."""
    count, height, width, _ = images.shape
    down, across = (int(side / 8 + 0.5) for side in (height, width))
    padded = jnp.pad(images, ((0, 0), (down, down), (across, across), (0, 0)))
    most = jnp.asarray([2 * down + 1, 2 * across + 1])
    corners = draw_rows(lambda rows: jax.random.randint(key, (rows, 2), 0, most), count)
    return cut(padded, corners, height, width)


def cutout(key: jax.Array, images: jax.Array) -> jax.Array:
    """Images ``(B, H, W, C)`` with zeros in a rectangle of half of each side, cut off at the border."""
    count, *sides, _ = images.shape
    sizes = [int(side / 2 + 0.5) for side in sides]
    # The centre of an even rectangle lies between pixels, so it has one place more.
    most = jnp.asarray([side + 1 - size % 2 for side, size in zip(sides, sizes, strict=True)])
    centres = draw_rows(lambda rows: jax.random.randint(key, (rows, 2), 0, most), count)

    def within(axis: int) -> jax.Array:
        first = centres[:, axis, None] - sizes[axis] // 2
        places = jnp.arange(sides[axis])
        return (first <= places) & (places < first + sizes[axis])

    hole = within(0)[:, :, None] & within(1)[:, None, :]
    return jnp.where(hole[..., None], jnp.zeros((), images.dtype), images)


TRANSFORMS: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "color": color,
    "translation": translation,
    "cutout": cutout,
}
