"""A blur of what the discriminator is shown, which fades."""

import math

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number
from jgan.augmentation.augmented import Augmentation
from jgan.augmentation.pictures import check_pictures, on_pictures
from jgan.players import PyTree
from jgan.scene import Moment


def fading_blur(sigma: float, steps: int) -> Augmentation:
    """A blur of all images that is gone after some updates (Karras et al. 2021, for StyleGAN3-R).

    It hides high frequencies from the discriminator at first, without which -R may collapse early. The filter
    is 2 to the power -(k/σ)² at k pixels from its middle, up to 3σ, as in the authors' code, and σ falls along
    a line.

    Args:
      sigma: σ before the first update, in pixels; 10 in the paper.
      steps: updates of the stage until it is 0; 200,000 images' worth in the paper.

    Raises:
      ValueError: if a number is out of its range; when it is played, if the examples have no pictures.
    """
    check_number("sigma", sigma, least=0)
    check_count("steps", steps)
    offsets = jnp.arange(math.floor(3 * sigma) + 1)

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        check_pictures("fading_blur", values)
        width = sigma * jnp.maximum(1 - moment.step.stage / steps, 0)

        def weight(offset: jax.Array) -> jax.Array:
            height = jnp.exp2(-jnp.square(offset / jnp.maximum(width, 1e-6)))
            return jnp.where(offset <= jnp.floor(3 * width), height, 0)

        total = 2 * jnp.sum(weight(offsets)) - 1

        def blur(x: jax.Array) -> jax.Array:
            for axis, form in ((1, "oh,nhwc->nowc"), (2, "ow,nhwc->nhoc")):
                place = jnp.arange(x.shape[axis])
                matrix = weight(jnp.abs(place[:, None] - place)) / total
                x = jnp.einsum(form, matrix.astype(x.dtype), x, precision="highest")
            return x

        return on_pictures(blur, values)

    return augment
