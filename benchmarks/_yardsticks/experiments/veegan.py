"""Ring and grid as VEEGAN's authors learn them (Srivastava et al. 2017, arXiv 1705.07761, and code).

jgan train benchmarks/_yardsticks/experiments/veegan.py --reconstruct
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jgan import GENERATOR, PLAYERS, Experiment, normal, simultaneous
from jgan.data import load
from jgan.gans.versus import versus
from jgan.losses import separable
from jgan.networks.mlp import mlp, mlp_discriminator
from jgan.scene import Inputs, Meeting, Result, Scene, Term, mean
from jgan.terms.adversarial import adversarial

LATENT = 254
XAVIER = jax.nn.initializers.glorot_uniform()


def reconstruction() -> Term:
    """½ E‖z - F(G(z))‖², summed over the dimensions: minus the log-likelihood of z, up to a constant."""

    def value(scene: Scene) -> Result:
        found = scene.meeting.made["latent"] - scene.latent[:, :LATENT]
        return 0.5 * mean(jnp.sum(found**2, axis=1)), None, {}

    return Term("reconstruction", value, player=GENERATOR)


def experiment(*, data: str = "ring", reconstruct: bool = False, width: int = 128) -> Experiment:
    """A plain GAN, or VEEGAN: points with a reconstructor's latents against latents with their points.

    Args:
      data: Name of the mixture, ring or grid.
      reconstruct: Whether a reconstructor leads from points to latents and pairs are judged.
      width: Width of all hidden layers: two of generator and reconstructor, one of the discriminator.
    """
    hidden: dict[str, Any] = {"kernel_init": XAVIER}
    points = mlp((width, width), 2, **hidden)
    latents = mlp((width, width), LATENT, **hidden)

    def meet(make: Any, batch: Any, latent: jax.Array, step: Any) -> Meeting:
        noise, code = latent[:, LATENT + 1 :], latent[:, : LATENT + 1]
        made = make["points"](code)
        if not reconstruct:
            return Meeting(real=Inputs(batch["image"]), fake=Inputs(made))
        real = jnp.concatenate([make["latents"](batch["image"]) + noise, batch["image"]], axis=1)
        fake = jnp.concatenate([code[:, :LATENT], made], axis=1)
        rebuilt = make["latents"](made)
        return Meeting(real=Inputs(real), fake=Inputs(fake), made={"latent": rebuilt})

    def sample(make: Any, latent: jax.Array, condition: Any, step: Any) -> jax.Array:
        return make["points"](latent[:, : LATENT + 1])

    # The generator lowers the mean logit of "made", as the code has it, not its logarithm.
    loss = separable(lambda r: jax.nn.softplus(-r), jax.nn.softplus, lambda f: -f)
    game = versus(
        {"points": points, "latents": latents} if reconstruct else {"points": points},
        mlp_discriminator((width,), **hidden),
        adversarial(loss),
        [reconstruction()] if reconstruct else [],
        latent=normal(2 * LATENT + 1),
        meet=meet,
        sample=sample,
    )
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(1e-3, b1=0.5)))
    return Experiment(game, rule, load(data), steps=100_000, batch_size=500)
