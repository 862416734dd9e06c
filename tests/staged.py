"""An experiment of two stages whose networks grow, as a file."""

STAGED = '''"""A small GAN of points that grows."""

import jax
import jax.numpy as jnp
import optax

from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.network import Network
from jgan.rules import averaged, simultaneous
from jgan.rules.rule import Rule
from jgan.training.carries import compose, freeze, inherit
from jgan.training.experiment import Claim, Experiment
from jgan.training.stages import Stage

CLAIMS = (Claim("grows", lambda trained: float(trained.state.began), {"growing": False}, at_least=4),)


def network(widths, outputs):
    """Layers are named by their width; frozen ones are read as if they were parameters."""

    def init(key, x):
        sizes = {f"layer_{width}": width for width in widths} | {f"out_{widths[-1]}": outputs}
        params, rows = {}, x.shape[-1]
        for number, (name, size) in enumerate(sizes.items()):
            kernel = jax.random.normal(jax.random.fold_in(key, number), (rows, size)) / rows**0.5
            params[name], rows = {"kernel": kernel, "bias": jnp.zeros(size)}, size
        return {"params": params}

    def apply(collections, x, key=None, train=False):
        layers = {**collections.get("frozen", {}), **collections["params"]}
        for width in widths:
            layer = layers[f"layer_{width}"]
            x = jnp.tanh(x @ layer["kernel"] + layer["bias"])
        layer = layers[f"out_{widths[-1]}"]
        x = x @ layer["kernel"] + layer["bias"]
        state = {name: value for name, value in collections.items() if name != "params"}
        return (x[:, 0] if outputs == 1 else x), state

    return Network(init, apply)


def fading(rule):
    """The rule that logs a fade, which is a function of the stage's own step."""

    def update(state, batch):
        fade = jnp.minimum(1.0, (state.step - state.began) / 4)
        state, metrics = rule.update(state, batch)
        return state, {**metrics, "generator/fade": fade}

    return Rule(rule.init, update, rule.minibatches)


def stage(widths, data, batch_size, lr, optimizer="adam", ema=True, **options):
    game = gan(network(widths, 2), network(widths, 1), non_saturating(), normal(2))
    rule = simultaneous(game, dict.fromkeys(PLAYERS, getattr(optax, optimizer)(lr)))
    rule = fading(averaged(rule) if ema else rule)
    return Stage(game, rule, load(data, size=60), 4, batch_size, **options)


def experiment(
    *, lr: float = 0.01, optimizer: str = "adam", growing: bool = True, frozen: bool = False, wide: int = 5
) -> Experiment:
    shared = {"lr": lr, "optimizer": optimizer, "ema": not frozen}
    carry = compose(inherit(), freeze("generator/layer_3")) if frozen else inherit()
    small = stage((3,), "ring", 10, **shared)
    large = stage((3, wide), "grid", 20, **shared, carry=carry)
    return Experiment.of_stages(small, *([large] if growing else []), claims=CLAIMS)
'''
