"""Regularisers other than gradient penalties: orthogonality, LeCam, consistency.

Each is a `jgan.penalties.Penalty`, added by `jgan.penalties.with_penalty`.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
from jgan.game import GENERATOR, Collections, Inputs, Metrics, PyTree, map_with_keys
from jgan.penalties import Penalty, Scene, squared_norms


def orthogonal(weight: float = 1e-4, player: str = GENERATOR) -> Penalty:
    """weight · Σ ‖WᵀW ⊙ (1 - I)‖²_F over the player's kernels (Brock et al. 2019, eq. 3).

    A kernel ``(..., in, out)`` is read as a matrix with ``out`` columns, each a filter. The gradient is
    4 · weight · W(WᵀW ⊙ (1 - I)); BigGAN's code adds half of that.
    """

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        total = jnp.zeros(())
        for leaf in jax.tree.leaves(scene.variables[player]["params"]):
            if leaf.ndim >= 2:
                matrix = leaf.reshape(-1, leaf.shape[-1])
                gram = jnp.matmul(matrix.T, matrix, precision="highest")
                total += jnp.sum(jnp.square(gram)) - jnp.sum(jnp.square(jnp.diagonal(gram)))
        return weight * total, {}, {}

    return Penalty("orthogonal", value, player)


def lecam(weight: float = 0.3, decay: float = 0.99) -> Penalty:
    """LeCam regularisation (Tseng et al. 2021, eq. 7): weight · (E(D(x) - α_F)² + E(D(x̂) - α_R)²).

    α_R and α_F are exponential averages, with the given decay, of the mean logits of real and fake
    examples; they start at zero and live in the discriminator's collection ``"lecam"``.
    """

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        real, fake = scene.score(scene.asked.real), scene.score(scene.asked.fake)
        anchor = scene.memory
        result = jnp.mean((real - anchor["fake"]) ** 2) + jnp.mean((fake - anchor["real"]) ** 2)
        means = jax.lax.stop_gradient({"real": jnp.mean(real), "fake": jnp.mean(fake)})
        memory = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, anchor, means)
        return weight * result, memory, {}

    return Penalty("lecam", value, memory={"real": jnp.zeros(()), "fake": jnp.zeros(())})


Transform = Callable[[jax.Array, PyTree], PyTree]


def consistency(
    transform: Transform, real: float = 10.0, fake: float = 0.0, name: str = "consistency"
) -> Penalty:
    """Consistency of the logits under ``transform(key, values)``, which keeps what an example means.

    real · E(D(x) - D(T x))² + fake · E(D(x̂) - D(T x̂))². With ``fake = 0`` this is CR-GAN (Zhang et
    al. 2020, weight 10); with both it is bCR (Zhao et al. 2021, both 10). A weight of exactly 0 spares
    the passes.
    """

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        total = jnp.zeros(())
        for weight, inputs in ((real, scene.asked.real), (fake, scene.asked.fake)):
            if not (isinstance(weight, int | float) and weight == 0):
                moved = inputs._replace(values=transform(scene.key, inputs.values))
                total += weight * jnp.mean((scene.score(inputs) - scene.score(moved)) ** 2)
        return total, {}, {}

    return Penalty(name, value)


def latent_consistency(
    sigma: float = 0.07, discriminator: float = 5.0, generator: float = 0.5
) -> tuple[Penalty, Penalty]:
    """zCR (Zhao et al. 2021, section 3.2), a penalty for each player: ``with_penalty(game, *zcr)``.

    With z' = z + sigma · N(0, I): the discriminator pays ``discriminator · E(D(G(z)) - D(G(z')))²``,
    the generator ``-generator · E‖G(z) - G(z')‖²`` (mean over the elements of an example), so that it
    does not learn to ignore the latent.
    """

    def pair(scene: Scene) -> tuple[Inputs, Inputs]:
        critic = scene.asked
        if critic.generate is None:
            raise ValueError(
                "latent_consistency needs a game with latents, but critic.generate is None."
            )
        noisy = map_with_keys(
            lambda z, key: z + sigma * normal_like(key, z),
            critic.latent,
            scene.key,
        )
        return critic.generate(critic.latent), critic.generate(noisy)

    def for_discriminator(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        still, moved = pair(scene)
        gap = scene.score(still) - scene.score(moved)
        return discriminator * jnp.mean(gap**2), {}, {}

    def for_generator(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        still, moved = pair(scene)
        change = jax.tree.map(lambda x, y: x - y, still.values, moved.values)
        elements = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(change))
        return -generator * jnp.mean(squared_norms(change)) / elements, {}, {}

    return (
        Penalty("latent_consistency", for_discriminator),
        Penalty("latent_consistency", for_generator, GENERATOR),
    )
