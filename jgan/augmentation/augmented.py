"""Games whose discriminator is shown transformed examples, real and fake alike.

``with_augmentation(game, instance_noise(0.1))`` is a game. An augmentation is a function
``(key, values, moment) -> values`` on a pytree whose leaves have the examples on their leading axis; the
`jgan.scene.Moment` has the step and the memories of all terms, so that a term may steer it (the
probability of adaptive augmentation). The generator is trained through it, so it must be differentiable
in ``values``.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.arguments import check_number
from jgan.batch_axis import normal_like
from jgan.game import Game, opposed, remade
from jgan.players import PyTree, map_with_keys
from jgan.scene import Moment

Augmentation = Callable[[jax.Array, PyTree, Moment], PyTree]
StepSchedule = Callable[[jax.Array], jax.Array | float]
"""From the step of the run's present stage to a number, such as the schedules of optax."""


def with_augmentation(game: Game, augmentation: Augmentation) -> Game:
    """The game whose discriminator is shown ``augmentation(key, values, moment)`` instead of values.

    Penalties see the augmented discriminator as a function of the unchanged inputs, as StyleGAN2-ADA's R1
    does, whether they are added before or after. Several augmentations follow each other in the order in
    which they were added.

    Raises:
      ValueError: if the game has no discriminator to ask.
    """
    composition = opposed(game, "augmentation")
    augmentations = (*composition.augmentations, augmentation)
    return remade(game, composition._replace(augmentations=augmentations))


def without_augmentation(game: Game) -> Game:
    """The game whose discriminator is shown its examples as they are; what terms remember stays.

    Raises:
      ValueError: if the game has no discriminator to ask.
    """
    return remade(game, opposed(game, "augmentation")._replace(augmentations=()))


def instance_noise(sigma: float | StepSchedule) -> Augmentation:
    """Gaussian noise on everything the discriminator sees (Sønderby et al. 2017; Arjovsky & Bottou 2017).

    Args:
      sigma: its standard deviation, or a schedule ``step -> sigma`` such as those of optax; the step is that
        of the run's present stage.

    Raises:
      ValueError: if ``sigma`` is a number, but none of at least 0.
    """
    if not callable(sigma):
        check_number("sigma", sigma, least=0)

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        scale = sigma(moment.step.stage) if callable(sigma) else sigma
        return map_with_keys(
            lambda x, key: x + jnp.asarray(scale, x.dtype) * normal_like(key, x),
            values,
            key,
        )

    return augment
