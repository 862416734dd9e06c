"""Adaptive discriminator augmentation: its probability follows how sure the discriminator is of the data."""

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number
from jgan.augmentation.augmented import with_augmentation
from jgan.augmentation.pictures import check_pictures
from jgan.augmentation.pipeline import bgc_at
from jgan.batch_axis import whole_count, whole_mean
from jgan.game import Game
from jgan.players import DISCRIMINATOR, PyTree
from jgan.scene import Moment, Result, Scene, Term, mean
from jgan.scene.constants import constant

NAME = "augmentation"
"""Of the term that moves p, and of its memory."""


def adjusted(
    p: jax.Array, overfitting: jax.Array, images: float, target: float, kimg: float
) -> jax.Array:
    """The next p: clip(p + sign(r_t - target) · images / (1000 kimg), 0, 1).

    Args:
      p: so far.
      overfitting: r_t = E[sign D(x)] over real pictures x since the last time.
      images: how many real pictures these are.
      target: of r_t.
      kimg: in how many thousand pictures p goes from 0 to 1.

    >>> round(float(adjusted(jnp.array(0.5), jnp.array(0.8), 256, 0.6, 500.0)), 6)
    0.500512
    """
    return jnp.clip(p + jnp.sign(overfitting - target) * images / (1000 * kimg), 0, 1)


def with_adaptive_augmentation(
    game: Game,
    *,
    target: float = 0.6,
    interval: int = 4,
    kimg: float = 500.0,
    start: float = 0.0,
    real: str = "real",
    answer: str = "logit",
) -> Game:
    """The game with the pipeline `bgc` on all that the discriminator is shown, and a p that adapts.

    ADA (Karras et al. 2020, "Training generative adversarial networks with limited data", section 3): p
    rises by a fixed step while r_t = E[sign D(x)] of the real pictures lies above the target, and falls
    while it lies below. A logit of 0 must be what divides real from fake, which energies and critics do not
    promise. The authors' code clamps p from below only; here it stays in [0, 1], above which it is the same.

    p is the discriminator's memory ``"augmentation"``, ``{"p", "signs", "moves"}``, which every term and
    augmentation may read. Metrics of the discriminator: ``augmentation_probability``, the p that comes out of
    the move, and ``real_sign``, E[sign D(x)] of the minibatch. The term itself pays nothing.

    Args:
      game: with a discriminator, on pictures of 1 or 3 channels.
      target: of r_t.
      interval: moves of the discriminator between two changes of p.
      kimg: in how many thousand real pictures p goes from 0 to 1 at most.
      start: p before the first move.
      real: the group of real pictures.
      answer: which of the discriminator's answers is looked at; patches and trees count by their mean.

    Raises:
      ValueError: if the game has no discriminator, ``target`` is not in [-1, 1], ``start`` not in [0, 1],
        ``interval`` not at least 1, or ``kimg`` not positive; when the game is initialised, if the examples are
        no such pictures.
    """
    check_number("target", target, least=-1, most=1)
    check_count("interval", interval)
    check_number("kimg", kimg, above=0)
    check_number("start", start, least=0, most=1)

    def value(scene: Scene) -> Result:
        leaves = jax.tree.leaves(scene.answer(real, answer))
        signs = [mean(jnp.sign(leaf), scene.meeting[real].weights) for leaf in leaves]
        sign = constant(NAME, whole_mean(sum(signs[1:], signs[0]) / len(signs)))
        memory, images = scene.memory, whole_count(leaves[0].shape[0]) * interval
        total, moves = memory["signs"] + sign, memory["moves"] + 1
        due = moves == interval
        p = memory["p"]
        p = jnp.where(due, adjusted(p, total / interval, images, target, kimg), p)
        renewed = {
            "p": p,
            "signs": jnp.where(due, jnp.zeros_like(total), total),
            "moves": jnp.where(due, jnp.zeros_like(moves), moves),
        }
        return jnp.zeros(()), renewed, {"augmentation_probability": p, "real_sign": sign}

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        return bgc_at(key, values, moment.memories[DISCRIMINATOR][NAME]["p"])

    def check(scene: Scene) -> None:
        check_pictures("ada", scene.meeting[real].values, channels=True)

    begun = {"p": jnp.full((), start), "signs": jnp.zeros(()), "moves": jnp.zeros((), jnp.int32)}
    term = Term(NAME, value, groups=(real,), memory=begun, check=check)
    return with_augmentation(game.add(term), augment)
