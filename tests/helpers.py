"""Small games with answers known in closed form, and ways to look at them."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jgan.display.displays import Display
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game
from jgan.gans.gan import gan
from jgan.gans.versus import versus
from jgan.latents import LatentLike, normal
from jgan.losses import Loss, get_loss, minimax
from jgan.networks import Network, mlp_discriminator, mlp_generator
from jgan.rules.rule import gradient
from jgan.terms import adversarial
from jgan.training.experiment import ExperimentFile


class Heard(Display):
    """A display that keeps what is said, and the lines of tasks whenever they are updated."""

    def __init__(self):
        super().__init__()
        self.lines, self.updates = [], []

    def say(self, text):
        self.lines += text.split("\n")

    def warn(self, text):
        self.lines.append(f"warning: {text}")

    def begun(self, task, announced):
        update = task.update

        def kept(*words):
            update(*words)
            self.updates.append([*task.line(), *task.details])
            self.noted(self.updates[-1])

        task.update = kept

    def noted(self, fields):
        """Called with the fields of every update."""


KEY = jax.random.key(7)
STEP = jnp.zeros((), jnp.int32)

# Under this loss a penalty is all that remains.
NOTHING = Loss(lambda real, fake: 0 * real, lambda real, fake: 0 * fake)


def given(params, function):
    """The network with these first parameters that computes ``function(params, *inputs)``."""

    def apply(collections, *inputs, key=None, train=False):
        return function(collections["params"], *inputs), {}

    return Network(lambda key, *inputs: {"params": jax.tree.map(jnp.asarray, params)}, apply)


def critic_game(
    logit,
    params,
    loss=NOTHING,
    *,
    theta=0.0,
    generate=lambda theta, z: theta + z,
    latent=lambda key, image: jnp.zeros_like(image),
):
    """The game of a hand-made critic ``logit(params, values)`` and a generator ``generate(theta, z)``."""
    return versus(
        given(theta, generate),
        given(params, logit),
        adversarial(loss),
        latent=LatentLike(lambda key, batch: latent(key, batch["image"])),
    )


def linear(w, x):
    return jnp.sum(w * x, axis=tuple(range(1, x.ndim)))


def quadratic(params, x):
    a, b = params
    return 0.5 * jnp.sum((x @ a) * x, axis=1) + x @ b


def dirac_game(loss=None, theta=1.0, psi=-1.0):
    """Data at 0, generator at theta, D(x) = psi x, where a larger logit means more real."""
    return critic_game(lambda psi, x: psi * x[:, 0], psi, loss or minimax(), theta=theta)


DIRAC_BATCH = {"image": jnp.zeros((2, 1))}


def bilinear_game(matrix):
    """min over x, max over y of x·M y, both starting at ones."""
    matrix = jnp.asarray(matrix)

    def init(key, batch):
        return {p: {"params": jnp.ones(n)} for p, n in zip(PLAYERS, matrix.shape, strict=True)}

    def losses(variables, batch, key, step, held=None):
        x, y = (variables[p]["params"] for p in PLAYERS)
        value = x @ matrix @ y
        return {GENERATOR: (value, Aux()), DISCRIMINATOR: (-value, Aux())}

    return Game(init, losses)


def mlp_game(loss="non_saturating", norm="none", dim=2):
    return gan(
        mlp_generator((dim,), (8,), norm="none"),
        mlp_discriminator((8,), norm=norm),
        get_loss(loss) if isinstance(loss, str) else loss,
        normal(3),
    )


def points(count=8, dim=2, seed=0):
    return {"image": jax.random.normal(jax.random.key(seed), (count, dim)) + 1.0}


def images(count=8, shape=(8, 8, 1), seed=0):
    return {"image": jax.random.uniform(jax.random.key(seed), (count, *shape), minval=-1.0)}


def field(game, variables, batch, key=KEY, step=STEP):
    """The game's vector field: minus each player's own gradient."""
    return {
        player: jax.tree.map(jnp.negative, gradient(game, player, variables, batch, key, step)[2])
        for player in PLAYERS
    }


def params_of(state):
    return {player: state.variables[player]["params"] for player in PLAYERS}


def plain(tree):
    """The leaves as NumPy arrays, keys as their numbers."""

    def bits(leaf):
        typed = jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return np.asarray(jax.random.key_data(leaf) if typed else leaf)

    return jax.tree.map(bits, tree)


def assert_same(a, b):
    """Bitwise equality of two pytrees."""
    a, b = plain(a), plain(b)
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(x, y)


def assert_close(a, b, tolerance=1e-5):
    a, b = plain(a), plain(b)
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


def differ(a, b):
    """Whether any leaf of two pytrees differs."""
    pairs = zip(jax.tree.leaves(plain(a)), jax.tree.leaves(plain(b)), strict=True)
    return any(not np.array_equal(x, y) for x, y in pairs)


def central_differences(function, x, width=1e-6):
    """The gradient of a scalar function of one array, element by element, in double precision."""
    x = np.asarray(x, np.float64)
    result = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        shift = np.zeros_like(x)
        shift[index] = width
        result[index] = (float(function(x + shift)) - float(function(x - shift))) / (2 * width)
    return result


def flops(function, *arguments):
    """Floating-point operations of the compiled function, as the compiler counts them."""
    return jax.jit(function).lower(*arguments).compile().cost_analysis()["flops"]


def as_file(build):
    """The experiment file that a function of a test stands for."""
    return ExperimentFile(Path(__file__), build, "A game of a test.")
