"""Terms are cheap: a loss has the equations of the scene once, and those that each of its terms adds."""

import jax
import jax.numpy as jnp
from jax.interpreters import partial_eval
from jaxprs import equations as all_equations

from jgan.game import DISCRIMINATOR
from jgan.gans.conditional import conditional
from jgan.gans.versus import without_condition
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import heads, mlp_generator
from jgan.networks.conditional import labelled
from jgan.terms import classification
from jgan.terms.historical import historical_average
from jgan.terms.penalties import r1
from jgan.terms.regularizers import consistency, latent_consistency, lecam, orthogonal

KEY = jax.random.key(0)
BATCH = {"image": jnp.zeros((4, 3)), "label": jnp.arange(4, dtype=jnp.int32) % 2}
FREE = {
    "lecam": lecam(),
    "classification": classification("real", "fake"),
    "orthogonal": orthogonal(player=DISCRIMINATOR),
    "historical average": historical_average(player=DISCRIMINATOR),
    "consistency": consistency(lambda key, values: 0.9 * values),
    "latent consistency": latent_consistency()[0],
}


def equations(*terms):
    """Those of the discriminator's loss that are not dead code."""
    networks = (
        labelled(mlp_generator((3,), (8,)), 2),
        heads({"logit": 1, "class": 2}, width=1, body="mlp", norm="none"),
    )
    game = conditional(*networks, non_saturating(), normal(2), present=without_condition).add(terms)
    variables = game.init(KEY, BATCH)
    loss = lambda variables: game.losses(variables, BATCH, KEY, 0)[DISCRIMINATOR][0]
    closed = jax.make_jaxpr(loss)(variables)
    living, _ = partial_eval.dce_jaxpr(closed.jaxpr, [True])
    return sum(1 for _ in all_equations(living))


def test_every_term_adds_its_own_equations_only():
    bare = equations()
    added = {name: equations(term) - bare for name, term in FREE.items()}
    assert min(added.values()) > 0
    together = equations(*FREE.values())
    assert together <= 1.05 * (bare + sum(added.values()))


def test_a_term_of_one_player_is_dead_code_for_the_other():
    assert equations(latent_consistency()[1]) == equations()


def test_a_gradient_penalty_asks_once_more():
    """A forward pass and its pullback, and nothing of the fakes."""
    assert equations(r1(1.0)) < 2.5 * equations()
