"""Law 9: derivatives of every field and every rule's operator are those of finite differences.

Networks have at most 60 parameters, enough to see a missing dependence of a term on the other player, or of a
spectral vector on its weight, which a toy of one parameter cannot show.
"""

import itertools

import jax
import jax.numpy as jnp
import pytest
from laws.games import RULES, TERMS, batch
from laws.small import KINDS, converged, derivative_errors, double

from jgan.game import DISCRIMINATOR, PLAYERS
from jgan.networks import count_parameters
from jgan.numerics.field import field, operator
from jgan.scene import Term

TOLERANCE = 1e-6
KEY = jax.random.key(1)
FIELD = "field"


def penalises_inputs(game):
    return any(term.differentiates_inputs for term in game.composition.terms)


LARGE = {
    "alternating": ("none", "plain"),
    "extragradient": ("feature matching", "layer"),
    "past extragradient": ("relativistic average", "minibatch"),
    "lookahead": ("instance noise", "plain"),
    "consensus": ("one_centred", "plain"),
    "symplectic": ("orthogonal", "layer"),
    "competitive": ("latent consistency", "plain"),
    "lola": ("none", "plain"),
    "runge-kutta": ("lecam", "plain"),
    "unrolled": ("pull-away", "plain"),
    "unrolled, first order": ("historical average", "minibatch"),
    "drift corrected": ("scheduled weight", "plain"),
}
"""Rules of several gradients or of gradients of gradients, and what `make test` tries them on: small terms.

All of these depend on both players, as the loss of each does.
"""


def refusal(term, rule, kind):
    """How the message of a combination that must be refused reads, None if it is allowed."""
    if kind == "batch" and penalises_inputs(TERMS[term]("plain")):
        return "mixes examples"
    # Two steps of the discriminator share the batch, and weights belong to a whole one.
    return "one for each" if (term, rule) == ("weights", "alternating") else None


def cases():
    """All combinations; `make test` tries every term, every kind many times, and every rule."""
    chosen = {(term, rule, kind) for rule, (term, kind) in LARGE.items()}
    kinds = itertools.cycle(KINDS)
    rules = itertools.cycle([FIELD, *(rule for rule in RULES if rule not in LARGE)])
    for term in [term for term in TERMS if term not in dict(LARGE.values())]:
        case = next(case for case in zip(rules, kinds, strict=False) if not refusal(term, *case))
        chosen.add((term, *case))
    for term, rule, kind in itertools.product(TERMS, (FIELD, *RULES), KINDS):
        marks = [] if (term, rule, kind) in chosen else [pytest.mark.full]
        yield pytest.param(term, rule, kind, marks=marks, id=f"{term}/{rule}/{kind}")


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("term", "rule", "kind"), list(cases()))
def test_derivatives_are_finite_differences(term, rule, kind):
    refused = refusal(term, rule, kind)
    if refused:
        with pytest.raises(ValueError, match=refused):
            errors_of(term, rule, kind)
        return
    errors = errors_of(term, rule, kind)
    assert max(errors) < TOLERANCE, errors


def errors_of(term, rule, kind):
    game = TERMS[term](kind)
    variables = converged(double(game.init(KEY, batch())))
    assert sum(count_parameters(variables[player]) for player in PLAYERS) <= 60
    if rule == FIELD:
        found = field(game, variables, batch(), KEY)
    else:
        made = RULES[rule](game)
        state = made.init(KEY, batch()).replace(variables=variables)
        state = state.replace(
            optimizers=positive(double(state.optimizers)), memory=double(state.memory)
        )
        found = operator(made, state, batch())
    return derivative_errors(found.function, found.point)


def positive(optimizers):
    """Moments away from zero, second ones above it."""
    floats = lambda leaf: jnp.issubdtype(leaf.dtype, jnp.floating)
    return jax.tree.map(lambda leaf: jnp.abs(leaf) + 0.1 if floats(leaf) else leaf, optimizers)


@pytest.mark.usefixtures("double")
def test_a_cut_dependence_is_seen():
    """The law has teeth: a penalty that hides the generator from outer derivatives breaks it."""

    def value(scene):
        hidden = jax.lax.stop_gradient(scene.meeting["fake"].values)
        inputs = scene.meeting["fake"]._replace(values=hidden)
        return jnp.mean(jnp.square(scene.ask(inputs, "fake")["logit"])), None, {}

    game = TERMS["none"]("plain").add(Term("cut", value, DISCRIMINATOR))
    variables = double(game.init(KEY, batch()))
    found = field(game, variables, batch(), KEY)
    errors = derivative_errors(found.function, found.point)
    assert min(errors) > 1e-3
