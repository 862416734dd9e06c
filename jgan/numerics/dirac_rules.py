"""The rules that the Dirac-GAN is studied under, by name."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from jgan.arguments import check_count, check_number
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Batch, Game
from jgan.rules import (
    Rule,
    alternating,
    competitive,
    drift_corrected,
    extragradient,
    lola,
    look_ahead,
    lookahead_minimax,
    optimistic,
    past_extragradient,
    runge_kutta,
    simultaneous,
    symplectic,
)
from jgan.rules.rule import Optimizers

Step = float | jax.Array


class Setting(NamedTuple):
    """How a named rule is set.

    Attributes:
      step: learning rate h of both players.
      momentum: of both players' optimizers, for rules that have them.
      discriminator_steps: n_d, for `alternating`.
    """

    step: Step
    momentum: Step = 0.0
    discriminator_steps: int = 1


class Named(NamedTuple):
    """One entry of `RULES`.

    Attributes:
      build: ``(game, setting) -> Rule``.
      takes_momentum: whether the setting's momentum is used.
      period: updates after which the rule does the same again.
    """

    build: Callable[[Game, Setting], Rule]
    takes_momentum: bool = True
    period: int = 1


EVERY = 5


def _sgd(setting: Setting) -> Optimizers:
    momentum = setting.momentum
    plain = isinstance(momentum, int | float) and momentum == 0
    return dict.fromkeys(PLAYERS, optax.sgd(setting.step, momentum=None if plain else momentum))


def _alternating(game: Game, setting: Setting) -> Rule:
    steps = setting.discriminator_steps
    rule = alternating(game, _sgd(setting), discriminator_steps=steps, first=GENERATOR)

    def copies(batch: Batch) -> Batch:
        # Every minibatch of an update is the toy's one batch.
        return jax.tree.map(lambda leaf: jnp.repeat(leaf, steps, axis=0), batch)

    return Rule(rule.init, lambda state, batch: rule.update(state, copies(batch)))


RULES: dict[str, Named] = {
    "simultaneous": Named(lambda game, s: simultaneous(game, _sgd(s))),
    "alternating": Named(_alternating),
    "extragradient": Named(lambda game, s: extragradient(game, _sgd(s))),
    "optimistic": Named(lambda game, s: optimistic(game, s.step), False),
    "past-extragradient": Named(lambda game, s: past_extragradient(game, s.step), False),
    "symplectic": Named(lambda game, s: symplectic(game, _sgd(s))),
    "competitive": Named(
        lambda game, s: competitive(game, s.step, tolerance=1e-13, max_iterations=8), False
    ),
    "look-ahead": Named(lambda game, s: look_ahead(game, _sgd(s), s.step)),
    "lola": Named(lambda game, s: lola(game, _sgd(s), s.step)),
    "lookahead-minimax": Named(
        lambda game, s: lookahead_minimax(simultaneous(game, _sgd(s)), EVERY), period=EVERY
    ),
    "runge-kutta-2": Named(lambda game, s: runge_kutta(game, s.step, 2), False),
    "runge-kutta-4": Named(lambda game, s: runge_kutta(game, s.step, 4), False),
    "drift-corrected": Named(
        lambda game, s: drift_corrected(game, {GENERATOR: s.step, DISCRIMINATOR: s.step}), False
    ),
}
"""By name. The generator moves first in `alternating`; LOLA and LookAhead expect the step itself."""


def named_rule(name: str, game: Game, setting: Setting) -> Rule:
    """The rule called ``name`` in `RULES`.

    Raises:
      ValueError: for an unknown name, a number out of range, or a setting that the rule does not have.
    """
    check_number("step", setting.step, least=0)
    check_number("momentum", setting.momentum, above=-1, below=1)
    check_count("discriminator_steps", setting.discriminator_steps)
    if name not in RULES:
        raise ValueError(f"rule is {name!r}, but must be one of {', '.join(RULES)}.")
    kind, momentum = RULES[name], setting.momentum
    if not kind.takes_momentum and not (isinstance(momentum, int | float) and momentum == 0):
        allowed = ", ".join(other for other, entry in RULES.items() if entry.takes_momentum)
        raise ValueError(f"rule {name!r} has no momentum; use one of {allowed}, or momentum 0.")
    if name != "alternating" and setting.discriminator_steps != 1:
        raise ValueError(
            f"discriminator_steps is {setting.discriminator_steps}, but only the rule 'alternating' "
            "makes more than 1."
        )
    return kind.build(game, setting)
