"""Regularisers other than gradient penalties: orthogonality, LeCam, consistency.

Each returns terms, added by `jgan.game.Game.add`.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.arguments import check_number, check_weight
from jgan.batch_axis import normal_like, whole_mean
from jgan.players import (
    DISCRIMINATOR,
    GENERATOR,
    PyTree,
    check_player,
    map_with_keys,
    named_key,
)
from jgan.scene import Answers, Inputs, Result, Scene, Term, mean, per_example
from jgan.scene.constants import constant
from jgan.terms.penalties import squared_norms

TABLES = frozenset({"scale", "gain", "bias", "embedding"})
"""Names of parameters that are no kernels whatever their shape: a row a class, not a filter a column."""


def orthogonal(weight: float = 1e-4, player: str = GENERATOR) -> Term:
    """weight · Σ ‖WᵀW ⊙ (1 - I)‖²_F over the player's kernels (Brock et al. 2019, eq. 3).

    A kernel ``(..., in, out)`` is read as a matrix with ``out`` columns, each a filter. Parameters of two or
    more dimensions are kernels unless they are tables, by the names in `TABLES`. The gradient is
    4 · weight · W(WᵀW ⊙ (1 - I)); BigGAN's code adds half of that.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0, or there is no such player.
    """
    check_weight("weight", weight)
    check_player(player)

    def value(scene: Scene) -> Result:
        total = jnp.zeros(())
        for path, leaf in jax.tree.leaves_with_path(scene.variables[player]["params"]):
            table = any(getattr(part, "key", None) in TABLES for part in path)
            if leaf.ndim >= 2 and not table:
                matrix = leaf.reshape(-1, leaf.shape[-1])
                gram = jnp.matmul(matrix.T, matrix, precision="highest")
                total += jnp.sum(jnp.square(gram)) - jnp.sum(jnp.square(jnp.diagonal(gram)))
        return total, None, {}

    return Term("orthogonal", value, player, weight=weight)


def lecam(
    weight: float = 0.3, decay: float = 0.99, *, real: str = "real", fake: str = "fake"
) -> Term:
    """LeCam regularisation (Tseng et al. 2021, eq. 7): weight · (E(D(x) - α_F)² + E(D(x̂) - α_R)²).

    α_R and α_F are exponential averages, with the given decay, of the mean logits of real and fake
    examples; they start at zero and are the discriminator's memory ``"lecam"``. The paper's equation is
    followed; its code keeps only the positive parts of the differences and divides the averages by
    1 - decay^t.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0, or ``decay`` not in [0, 1).
    """
    check_weight("weight", weight)
    check_number("decay", decay, least=0, below=1)

    def value(scene: Scene) -> Result:
        def logits(group: str) -> tuple[jax.Array, jax.Array | None]:
            leaves = jax.tree.leaves(scene.answer(group, "logit"))
            return sum(map(per_example, leaves[1:]), per_example(leaves[0])), scene.meeting[
                group
            ].weights

        (reals, real_weights), (fakes, fake_weights) = logits(real), logits(fake)
        anchor = scene.memory
        result = mean((reals - anchor["fake"]) ** 2, real_weights)
        result += mean((fakes - anchor["real"]) ** 2, fake_weights)
        means = {"real": mean(reals, real_weights), "fake": mean(fakes, fake_weights)}
        means = constant("lecam", whole_mean(means))
        memory = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, anchor, means)
        return result, memory, {}

    begun = {"real": jnp.zeros(()), "fake": jnp.zeros(())}
    return Term("lecam", value, groups=(real, fake), weight=weight, memory=begun)


Transform = Callable[[jax.Array, PyTree], PyTree]


def consistency(
    transform: Transform, real: float = 10.0, fake: float = 0.0, name: str = "consistency"
) -> Term:
    """Consistency of the logits under ``transform(key, values)``, which keeps what an example means.

    real · E(D(x) - D(T x))² + fake · E(D(x̂) - D(T x̂))². With ``fake = 0`` this is CR-GAN (Zhang et
    al. 2020, weight 10); with both it is bCR (Zhao et al. 2021, both 10). A weight of exactly 0 spares
    the passes.

    Raises:
      ValueError: if ``real`` or ``fake`` is not a finite number of at least 0.
    """
    check_number("real", real, least=0)
    check_number("fake", fake, least=0)
    paid = {
        group: weight
        for group, weight in (("real", real), ("fake", fake))
        if not (isinstance(weight, int | float) and weight == 0)
    }

    def value(scene: Scene) -> Result:
        total = jnp.zeros(())
        for group, weight in paid.items():
            inputs = scene.meeting[group]
            key = named_key(scene.key, group)
            moved = inputs._replace(values=transform(key, inputs.values))
            total += weight * _distance(scene, scene.ask(inputs, group), moved, group)
        return total, None, {}

    return Term(name, value)


def _distance(scene: Scene, answers: Answers, moved: Inputs, group: str) -> jax.Array:
    """E(D - D(moved))², summed over the leaves of the logits."""
    pairs = zip(
        jax.tree.leaves(answers["logit"]),
        jax.tree.leaves(scene.ask(moved, group)["logit"]),
        strict=True,
    )
    gaps = [mean(jnp.square(still - other), moved.weights) for still, other in pairs]
    return sum(gaps[1:], gaps[0])


def latent_consistency(
    sigma: float = 0.07, discriminator: float = 5.0, generator: float = 0.5
) -> tuple[Term, Term]:
    """zCR (Zhao et al. 2021, section 3.2), a term for each player: ``game.add(latent_consistency())``.

    With z' = z + sigma · N(0, I): the discriminator pays ``discriminator · E(D(G(z)) - D(G(z')))²``,
    the generator ``-generator · E‖G(z) - G(z')‖²`` (mean over the elements of an example), so that it
    does not learn to ignore the latent.

    Raises:
      ValueError: if a number is not finite and at least 0; when it is played, for games without latents.
    """
    check_number("sigma", sigma, least=0)
    check_weight("discriminator", discriminator)
    check_weight("generator", generator)

    def pair(scene: Scene) -> tuple[Inputs, Inputs]:
        if not jax.tree.leaves(scene.latent):
            raise ValueError(
                "latent_consistency needs a game with latents, but this game has none."
            )
        noisy = map_with_keys(
            lambda z, key: z + sigma * normal_like(key, z), scene.latent, scene.key
        )
        return scene.meeting["fake"], scene.meet(noisy)["fake"]

    def for_discriminator(scene: Scene) -> Result:
        still, moved = pair(scene)
        return _distance(scene, scene.ask(still, "fake"), moved, "fake"), None, {}

    def for_generator(scene: Scene) -> Result:
        still, moved = pair(scene)
        change = jax.tree.map(lambda x, y: x - y, still.values, moved.values)
        elements = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(change))
        return -mean(squared_norms(change), still.weights) / elements, None, {}

    name = "latent_consistency"
    return (
        Term(name, for_discriminator, DISCRIMINATOR, weight=discriminator),
        Term(name, for_generator, GENERATOR, weight=generator),
    )
