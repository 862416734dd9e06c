"""Two time scales: the game in which the discriminator is tau times as fast."""

from typing import Any

import jax

from jgan.arguments import check_number
from jgan.game import DISCRIMINATOR, Aux, Batch, Game, Variables, composition_of, remade
from jgan.scene.composition import Losses


def with_time_scale(game: Game, tau: float | jax.Array) -> Game:
    """The game whose discriminator's loss is multiplied by ``tau``: its rows of the field are.

    For plain descent, and for every rule with one learning rate, that is a discriminator with ``tau`` times the
    generator's rate (Fiez & Ratliff 2020). Optimizers that do not heed the scale of gradients, such as Adam,
    need a rate of its own instead.

    Raises:
      ValueError: if ``tau`` is not a positive finite number.
    """
    check_number("tau", tau, above=0)

    def scaled(inner: Losses) -> Losses:
        def losses(
            variables: Variables,
            batch: Batch,
            key: jax.Array,
            step: Any,
            held: Variables | None = None,
        ) -> dict[str, tuple[jax.Array, Aux]]:
            results = inner(variables, batch, key, step, held)
            loss, aux = results[DISCRIMINATOR]
            terms = {name: tau * value for name, value in aux.terms.items()}
            return {**results, DISCRIMINATOR: (tau * loss, aux._replace(terms=terms))}

        return losses

    composition = composition_of(game)
    return remade(game, composition._replace(transforms=(*composition.transforms, scaled)))
