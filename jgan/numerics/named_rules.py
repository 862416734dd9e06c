"""The rules that games of few parameters are studied under, by name."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from jgan.arguments import check_count, check_number
from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game
from jgan.numerics.time_scales import with_time_scale
from jgan.rules import (
    Rule,
    alternating,
    competitive,
    consensus,
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
EVERY = 5
OPTIMIZERS = ("sgd", "adam")


class Setting(NamedTuple):
    """How a named rule is set.

    Attributes:
      step: learning rate h of the generator, and of the discriminator unless ``tau`` says otherwise.
      momentum: of both players' optimizers, for rules that have them: heavy-ball momentum of ``sgd``, the
        decay of Adam's first moment.
      discriminator_steps: n_d, for `alternating`.
      generator_steps: n_g, for `alternating`.
      tau: the discriminator's learning rate over the generator's.
      optimizer: of both players, one of `OPTIMIZERS`, for rules that have them.
      beta2: decay of Adam's second moment.
      weights: numbers of the rule's own, by the names of `Named.weights`; others keep their defaults.
    """

    step: Step
    momentum: Step = 0.0
    discriminator_steps: int = 1
    generator_steps: int = 1
    tau: Step = 1.0
    optimizer: str = "sgd"
    beta2: Step = 0.999
    weights: Mapping[str, Step] = {}

    @property
    def rates(self) -> dict[str, Step]:
        """A learning rate for each player."""
        return {GENERATOR: self.step, DISCRIMINATOR: self.step * self.tau}

    def weight(self, name: str) -> Step:
        """A number of the rule's own; where none is given or known by default, the step."""
        given = {**_DEFAULTS, **self.weights}
        return given.get(name, self.step)

    @property
    def plain(self) -> bool:
        """Whether it is gradient descent with one step at a time, without momentum or weights of its own."""
        return not self.weights and self._replace(step=0.0, tau=1.0, beta2=0.999) == Setting(0.0)


class Named(NamedTuple):
    """One entry of `RULES`.

    Attributes:
      build: ``(game, setting) -> Rule``.
      takes_momentum: whether the rule has optimizers, so that the setting's momentum and optimizer are used.
      period: updates after which the rule does the same again, unless its weight ``every`` says otherwise.
      weights: names of the rule's own numbers.
    """

    build: Callable[[Game, Setting], Rule]
    takes_momentum: bool = True
    period: int = 1
    weights: tuple[str, ...] = ()


_DEFAULTS: dict[str, Step] = {
    "gamma": 1.0,
    "strength": 1.0,
    "anticipation": 1.0,
    "shaping": 1.0,
    "every": EVERY,
    "share": 0.5,
    "own": 0.0,
    "interaction": 1.0,
    "regularization": 0.0,
}
"""Weights that are not given; ``alpha`` is then the step."""


def _optimizers(setting: Setting) -> Optimizers:
    momentum = setting.momentum
    if setting.optimizer == "adam":
        make = lambda rate: optax.adam(rate, b1=momentum, b2=setting.beta2)
    else:
        none = isinstance(momentum, int | float) and momentum == 0
        make = lambda rate: optax.sgd(rate, momentum=None if none else momentum)
    return {player: make(rate) for player, rate in setting.rates.items()}


def _alternating(game: Game, setting: Setting) -> Rule:
    steps = setting.discriminator_steps
    rule = alternating(
        game,
        _optimizers(setting),
        discriminator_steps=steps,
        generator_steps=setting.generator_steps,
        first=GENERATOR,
    )

    def copies(batch: Batch) -> Batch:
        # Every minibatch of an update is the one batch of the study.
        return jax.tree.map(lambda leaf: jnp.repeat(leaf, steps, axis=0), batch)

    return Rule(rule.init, lambda state, batch: rule.update(state, copies(batch)))


def _with_rate(make: Callable[[Game, Setting], Rule]) -> Callable[[Game, Setting], Rule]:
    """A rule with one learning rate, for which time scales are those of the game."""

    def build(game: Game, setting: Setting) -> Rule:
        equal = isinstance(setting.tau, int | float) and setting.tau == 1
        return make(game if equal else with_time_scale(game, setting.tau), setting)

    return build


RULES: dict[str, Named] = {
    "simultaneous": Named(lambda game, s: simultaneous(game, _optimizers(s))),
    "alternating": Named(_alternating),
    "extragradient": Named(lambda game, s: extragradient(game, _optimizers(s))),
    "optimistic": Named(_with_rate(lambda game, s: optimistic(game, s.step)), False),
    "past-extragradient": Named(
        _with_rate(lambda game, s: past_extragradient(game, s.step)), False
    ),
    "consensus": Named(
        lambda game, s: consensus(game, _optimizers(s), s.weight("gamma")), weights=("gamma",)
    ),
    "symplectic": Named(
        lambda game, s: symplectic(game, _optimizers(s), s.weight("strength")),
        weights=("strength",),
    ),
    "competitive": Named(
        _with_rate(lambda game, s: competitive(game, s.step, tolerance=1e-13, max_iterations=50)),
        False,
    ),
    "look-ahead": Named(
        lambda game, s: look_ahead(game, _optimizers(s), s.weight("alpha")), weights=("alpha",)
    ),
    "lola": Named(
        lambda game, s: lola(
            game,
            _optimizers(s),
            s.weight("alpha"),
            anticipation=s.weight("anticipation"),
            shaping=s.weight("shaping"),
        ),
        weights=("alpha", "anticipation", "shaping"),
    ),
    "lookahead-minimax": Named(
        lambda game, s: lookahead_minimax(
            simultaneous(game, _optimizers(s)), int(s.weight("every")), s.weight("share")
        ),
        period=EVERY,
        weights=("every", "share"),
    ),
    "runge-kutta-2": Named(
        _with_rate(
            lambda game, s: runge_kutta(game, s.step, 2, regularization=s.weight("regularization"))
        ),
        False,
        weights=("regularization",),
    ),
    "runge-kutta-4": Named(
        _with_rate(
            lambda game, s: runge_kutta(game, s.step, 4, regularization=s.weight("regularization"))
        ),
        False,
        weights=("regularization",),
    ),
    "drift-corrected": Named(
        lambda game, s: drift_corrected(
            game, s.rates, own=s.weight("own"), interaction=s.weight("interaction")
        ),
        False,
        weights=("own", "interaction"),
    ),
}
"""By name. The generator moves first in `alternating`; LOLA and LookAhead expect the step itself."""


def period_of(name: str, setting: Setting) -> int:
    """Updates after which the rule does the same again.

    >>> period_of("lookahead-minimax", Setting(0.1, weights={"every": 10}))
    10
    """
    kind = RULES[name]
    return int(setting.weight("every")) if "every" in kind.weights else kind.period


def named_rule(name: str, game: Game, setting: Setting) -> Rule:
    """The rule called ``name`` in `RULES`.

    Raises:
      ValueError: for an unknown name, a number out of range, or a setting that the rule does not have.
    """
    check_setting(name, setting)
    return RULES[name].build(game, setting)


def check_setting(name: str, setting: Setting) -> None:
    """Raise ValueError unless there is such a rule and it can be set so."""
    check_number("step", setting.step, least=0)
    check_number("momentum", setting.momentum, above=-1, below=1)
    check_number("tau", setting.tau, above=0)
    check_number("beta2", setting.beta2, least=0, below=1)
    if setting.optimizer not in OPTIMIZERS:
        raise ValueError(
            f"optimizer is {setting.optimizer!r}, but must be one of {', '.join(OPTIMIZERS)}."
        )
    if setting.optimizer == "adam":
        check_number("momentum of adam", setting.momentum, least=0, below=1)
    for count in ("discriminator_steps", "generator_steps"):
        check_count(count, getattr(setting, count))
    if name not in RULES:
        raise ValueError(f"rule is {name!r}, but must be one of {', '.join(RULES)}.")
    kind, momentum = RULES[name], setting.momentum
    still = isinstance(momentum, int | float) and momentum == 0
    if not kind.takes_momentum and not (still and setting.optimizer == "sgd"):
        allowed = ", ".join(other for other, entry in RULES.items() if entry.takes_momentum)
        what = "momentum" if not still else "optimizer but plain descent"
        raise ValueError(
            f"rule {name!r} has no {what}; use one of {allowed}, or momentum 0 and sgd."
        )
    for count in ("discriminator_steps", "generator_steps"):
        if name != "alternating" and getattr(setting, count) != 1:
            raise ValueError(
                f"{count} is {getattr(setting, count)}, but only the rule 'alternating' makes more than 1."
            )
    for weight, value in setting.weights.items():
        if weight not in kind.weights:
            has = f"has {', '.join(kind.weights)}" if kind.weights else "has none"
            raise ValueError(f"weights has {weight!r}, but the rule {name!r} {has}.")
        if weight == "every":
            whole = isinstance(value, int | float) and float(value).is_integer()
            check_count("every", int(value) if whole else value)
        else:
            check_number(weight, value)
