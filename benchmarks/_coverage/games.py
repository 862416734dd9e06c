"""Games whose equilibrium is known, under every loss and penalty that applies to them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game
from jgan.losses import Loss, relativistic
from jgan.numerics.dirac import LOSSES, REGULARISERS, regularised
from jgan.numerics.quadrature import fixed_latents
from jgan.numerics.toy_games import bilinear, dirac, dirac_batch, gaussian, quadratic
from jgan.rules import with_consensus
from jgan.scene import Term
from jgan.terms.penalties import r1, r1_r2


class Toy(NamedTuple):
    """A game, and where it is at rest.

    Attributes:
      name: family, loss, penalty.
      game: from its start.
      batch: its data.
      equilibrium: parameters of both players.
      smooth: whether the field has a derivative there and vanishes.
    """

    name: str
    game: Game
    batch: Batch
    equilibrium: dict[str, Any]
    smooth: bool = True


PENALTIES: dict[str, Callable[[], tuple[Term, ...]]] = {
    "none": tuple,
    "r1": lambda: (r1(0.3),),
    "r1+r2": lambda: r1_r2(0.3),
}


def both(generator: Any, discriminator: Any) -> dict[str, Any]:
    """Parameters of both players."""
    return {GENERATOR: generator, DISCRIMINATOR: discriminator}


def diracs() -> Iterator[Toy]:
    """The Dirac-GAN under every loss and regulariser of `jgan.numerics.dirac`, and relativistic pairing."""
    for penalty, kind in REGULARISERS.items():
        for loss in LOSSES:
            toy = regularised(loss, penalty)
            yield Toy(f"Dirac, {loss}, {penalty}", toy.game, toy.batch, both(0.0, 0.0), kind.smooth)
    for penalty, make in PENALTIES.items():
        game = dirac(relativistic()).add(make())
        yield Toy(f"Dirac, relativistic, {penalty}", game, dirac_batch(), both(0.0, 0.0))


def quadratics() -> Iterator[Toy]:
    """Scalar players with the Jacobian [[-p, -1], [n, -q]] everywhere: the spectrum is the whole truth."""
    rest = both(np.zeros(1), np.zeros(1))
    for name, game in {
        "zero-sum": bilinear(np.eye(1)),
        "zero-sum, friction 0.1": quadratic(0.1, np.eye(1), 0.1),
        "zero-sum, friction of D only": quadratic(0.0, np.eye(1), 0.5),
        "zero-sum, G repelled": quadratic(-0.1, np.eye(1), 0.3),
        "team": quadratic(0.5, np.eye(1), 0.5, -np.eye(1)),
        "stiff": quadratic(0.1, np.eye(1), 12.0),
    }.items():
        yield Toy(f"quadratic, {name}", game, {"image": jnp.zeros((1, 1))}, rest)


MEAN, STD = 1.0, 0.5


def gaussians() -> Iterator[Toy]:
    """A linear generator against a quadratic discriminator: two moments, in the two-node quadrature.

    Two equal nodes at -1 and 1 carry the mean and the variance exactly.
    """
    nodes = np.array([-1.0, 1.0])
    batch = {"image": jnp.asarray((MEAN + STD * nodes)[:, None])}
    rest = both(
        {"matrix": np.full((1, 1), STD), "shift": np.full(1, MEAN)},
        {"matrix": np.zeros((1, 1)), "vector": np.zeros(1)},
    )
    losses: dict[str, Callable[[], Loss]] = {**LOSSES, "relativistic": relativistic}
    for loss, make_loss in losses.items():
        plain = gaussian(make_loss(), fixed_latents(nodes))
        for penalty, make in PENALTIES.items():
            game = plain.add(make())
            yield Toy(f"Gaussian, {loss}, {penalty}", game, batch, rest)
        yield Toy(f"Gaussian, {loss}, consensus", with_consensus(plain, 1.0), batch, rest)


TOYS: dict[str, Callable[[], Iterator[Toy]]] = {
    "dirac": diracs,
    "quadratic": quadratics,
    "gaussian": gaussians,
}
"""By family."""
