"""The 1-D toy of adversarial flow models (Lin et al. 2025, arXiv 2511.22475), one step from noise to data.

jgan train benchmarks/_yardsticks/experiments/flow.py
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan import GENERATOR, PLAYERS, Experiment, alternating, averaged, normal
from jgan.batch_axis import normal_like
from jgan.data import Mixture, Source
from jgan.game import named_key
from jgan.gans.versus import versus
from jgan.losses import relativistic
from jgan.networks.network import from_linen
from jgan.scene import Inputs, Meeting, Result, Scene, Term, mean
from jgan.terms.adversarial import adversarial

MODES, STD, POINTS = (-1.5, -0.5, 0.5, 1.5), 0.05, 1_000_000
FREQUENCIES = 32


def encoded(x: jax.Array) -> jax.Array:
    """Numbers ``(B,)`` as sines and cosines of 32 frequencies from 100 down to 0.01, ``(B, 64)``."""
    rates = 100 * 10_000 ** (-jnp.arange(FREQUENCIES) / (FREQUENCIES - 1))
    return jnp.concatenate([jnp.sin(x[:, None] * rates), jnp.cos(x[:, None] * rates)], axis=1)


def _dense(outputs: int, inputs: int) -> nn.Dense:
    """Weights and biases uniform in ± inputs^(-1/2), PyTorch's default."""
    uniform = nn.initializers.uniform(2 * inputs**-0.5)
    shifted = lambda key, shape, dtype: uniform(key, shape, dtype) - inputs**-0.5
    return nn.Dense(outputs, kernel_init=shifted, bias_init=shifted)


class _Perceptron(nn.Module):
    times: tuple[float, ...]
    width: int
    logits: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        at = [jnp.full(len(x), time) for time in self.times]
        h = jnp.concatenate([encoded(value) for value in (x[:, 0], *at)], axis=1)
        for _ in range(4):
            h = nn.silu(_dense(self.width, h.shape[1])(h))
        answer = _dense(1, self.width)(h)
        return answer[:, 0] if self.logits else answer


def near(group: str, weight: float, epsilon: float) -> Term:
    """weight · E[(D(x) - D(x + ε n))²] / ε², n ~ N(0, 1): weight · E‖∇D‖² in the limit."""

    def value(scene: Scene) -> Result:
        inputs = scene.meeting[group]
        noise = normal_like(named_key(scene.key, group), inputs.values)
        moved = scene.ask(inputs._replace(values=inputs.values + epsilon * noise), group)["logit"]
        return mean((scene.answer(group, "logit") - moved) ** 2) / epsilon**2, None, {}

    return Term(f"near_{group}", value, groups=(group,), weight=weight)


def centred(weight: float) -> Term:
    """weight · E[(D(x) + D(G(z)))²]."""

    def value(scene: Scene) -> Result:
        return mean((scene.answer("real", "logit") + scene.answer("fake", "logit")) ** 2), None, {}

    return Term("centred", value, groups=("real", "fake"), weight=weight)


def transport(weight: float) -> Term:
    """weight · E‖G(z) - z‖²."""

    def value(scene: Scene) -> Result:
        moved = scene.meeting["fake"].values - scene.latent
        return mean(jnp.sum(moved**2, axis=1)), None, {}

    return Term("transport", value, player=GENERATOR, weight=weight)


def source() -> Source:
    """A million points of the mixture, whose density is known."""
    count = len(MODES)
    density = Mixture(jnp.asarray(MODES)[:, None], jnp.full(count, STD), jnp.full(count, 1 / count))
    points = np.asarray(density.sample(jax.random.key(0), POINTS))
    return Source({"image": points}, "four modes", density)


def experiment(
    *,
    width: int = 1024,
    transport_weight: float = 0.05,
    penalty: float = 0.01,
    epsilon: float = 0.01,
    centring: float = 0.01,
    lr: float = 1e-4,
) -> Experiment:
    """A generator that is asked to move noise as little as possible.

    Args:
      width: Width of the four hidden layers of both networks.
      transport_weight: Weight of the squared distance between noise and sample.
      penalty: Weight of the squared slope of the discriminator, at real and at fake points.
      epsilon: Standard deviation of the steps that the slope is measured by.
      centring: Weight of the squared sum of a real and a fake logit.
      lr: Learning rate of both Adam optimizers.
    """

    def meet(make: Any, batch: Any, latent: Any, step: Any) -> Meeting:
        return Meeting(real=Inputs(batch["image"]), fake=Inputs(make(latent)))

    terms = [near(group, penalty, epsilon) for group in ("real", "fake")]
    terms += [centred(centring), transport(transport_weight)]
    game = versus(
        from_linen(_Perceptron((1.0, 0.0), width)),
        from_linen(_Perceptron((0.0,), width, logits=True)),
        adversarial(relativistic()),
        terms,
        latent=normal(1),
        meet=meet,
    )
    adam = optax.adam(lr, b1=0.0, b2=0.9)
    rule = averaged(alternating(game, dict.fromkeys(PLAYERS, adam)), 0.99, warmup=0)
    return Experiment(game, rule, source(), steps=5000, batch_size=1024)
