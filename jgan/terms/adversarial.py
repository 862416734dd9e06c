"""The adversarial term: a loss on the logits of two groups, paid by both players."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_number, check_weight
from jgan.losses import Loss
from jgan.players import DISCRIMINATOR, GENERATOR, Metrics, PyTree
from jgan.scene import GroupMaker, Result, Scene, Term, mean

Past = Callable[[str], GroupMaker]
"""From a group to the maker of another that takes its place before the discriminator (`jgan.terms.pool`)."""


def adversarial(
    loss: Loss,
    *,
    real: str = "real",
    fake: str = "fake",
    past: Past | None = None,
    leaves: PyTree = 1.0,
    weight: Any = 1.0,
    answer: str = "logit",
    name: str = "adversarial",
) -> tuple[Any, ...]:
    """What both players pay for the logits of a real and a fake group.

    Args:
      loss: of `jgan.losses`, on logits, element by element. Logits of any shape count by the mean within an
        example.
      real: the group that the discriminator is to call real.
      fake: the group that it is to call fake.
      past: what the discriminator is shown instead of the fakes, such as a `jgan.terms.pool` of past ones.
      leaves: weights of a tree of logits, a number for all of them or a tree like it; their losses
        are summed. "mean" for their mean.
      weight: of the term for both players, as for `jgan.scene.Term`.
      answer: which of the discriminator's answers is judged.
      name: of the terms.

    Metrics of the discriminator: mean ``real_logit`` and ``fake_logit``, and ``accuracy``, the share of the
    logits on their side of zero; under another name than "adversarial" they are called ``name_real_logit``
    and so on.

    Raises:
      ValueError: if ``weight`` or one of ``leaves`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)
    for share in jax.tree.leaves(leaves) if leaves != "mean" else ():
        check_number("a weight in leaves", share, least=0)
    maker = None if past is None else past(fake)
    shown = fake if maker is None else maker.name
    prefix = "" if name == "adversarial" else f"{name}_"

    def logits(scene: Scene, group: str) -> list[jax.Array]:
        return jax.tree.leaves(scene.answer(group, answer))

    def pairs(scene: Scene, fakes: str) -> list[tuple[jax.Array, jax.Array, Any]]:
        reals, others = logits(scene, real), logits(scene, fakes)
        shares = [1 / len(reals)] if leaves == "mean" else jax.tree.leaves(leaves)
        shares = shares * len(reals) if len(shares) == 1 else shares
        return list(zip(reals, others, shares, strict=True))

    def for_discriminator(scene: Scene) -> Result:
        weights = scene.meeting[real].weights, scene.meeting[shown].weights
        paid, found = [], []
        for number, (r, f, share) in enumerate(pairs(scene, shown)):
            key = scene.key if number == 0 else jax.random.fold_in(scene.key, number)
            paid.append(_scaled(_discriminator(loss, key, r, f, *weights), share))
            found.append(_metrics(r, f))
        return (
            sum(paid[1:], paid[0]),
            None,
            {f"{prefix}{key}": value for key, value in _average(found).items()},
        )

    def for_generator(scene: Scene) -> Result:
        weights = scene.meeting[fake].weights
        paid = []
        for r, f, share in pairs(scene, fake):
            if loss.terms is None:
                _refuse_weights(weights)
                _check_pairs(r, f)
            paid.append(_scaled(mean(loss.generator(r, f), weights), share))
        return sum(paid[1:], paid[0]), None, {}

    def check(scene: Scene) -> None:
        shapes = [_shapes(scene.meeting[group].values) for group in (real, fake)]
        if shapes[0] != shapes[1]:
            data, made = (found[0] if len(found) == 1 else tuple(found) for found in shapes)
            raise ValueError(
                f"the generator makes examples of shape {made}, "
                f"but the data's are {data}; build it for the shape of the data."
            )

    terms = (
        Term(name, for_discriminator, DISCRIMINATOR, (real, shown), weight, check=check),
        Term(name, for_generator, GENERATOR, (real, fake), weight),
    )
    return terms if maker is None else (maker, *terms)


def _shapes(values: PyTree) -> list[tuple[int, ...]]:
    return [leaf.shape[1:] for leaf in jax.tree.leaves(values)]


def _scaled(value: jax.Array, share: Any) -> jax.Array:
    return value if isinstance(share, int | float) and share == 1 else share * value


def _discriminator(
    loss: Loss,
    key: jax.Array,
    real: jax.Array,
    fake: jax.Array,
    real_weights: jax.Array | None,
    fake_weights: jax.Array | None,
) -> jax.Array:
    if real.shape == fake.shape:
        real, fake = loss.labels(key, real, fake)
    if real_weights is None and fake_weights is None and real.shape == fake.shape:
        return jnp.mean(loss.discriminator(real, fake))
    if loss.terms is None:
        _refuse_weights(real_weights if real_weights is not None else fake_weights)
        _check_pairs(real, fake)
    assert loss.terms is not None
    on_real, on_fake = loss.terms
    return mean(on_real(real), real_weights) + mean(on_fake(fake), fake_weights)


def _check_pairs(real: jax.Array, fake: jax.Array) -> None:
    if real.shape != fake.shape:
        raise ValueError(
            f"the real group has logits of shape {real.shape} and the fake one {fake.shape}, but a loss on "
            "pairs needs as many of one as of the other; use one such as non_saturating."
        )


def _refuse_weights(weights: jax.Array | None) -> None:
    if weights is not None:
        raise ValueError(
            "the examples have weights, but the loss averages over pairs of them; "
            "use a loss with separate terms for real and fake, such as non_saturating."
        )


def _metrics(real: jax.Array, fake: jax.Array) -> Metrics:
    return {
        "real_logit": jnp.mean(real),
        "fake_logit": jnp.mean(fake),
        "accuracy": 0.5 * (jnp.mean(real > 0) + jnp.mean(fake < 0)),
    }


def _average(found: list[Metrics]) -> Metrics:
    if len(found) == 1:
        return found[0]
    return {key: jnp.mean(jnp.stack([each[key] for each in found])) for key in found[0]}
