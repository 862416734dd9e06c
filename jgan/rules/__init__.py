"""Rules: how the players of a game move. One rule a file; each is a function ``game -> Rule``."""

from jgan.rules.alternating import alternating
from jgan.rules.averaged import (
    averaged,
    changing_half_life,
    half_life_decay,
    half_life_schedule,
)
from jgan.rules.competitive import competitive
from jgan.rules.consensus import consensus, with_consensus
from jgan.rules.drift import drift_corrected, with_drift
from jgan.rules.extragradient import extragradient
from jgan.rules.lola import lola, look_ahead
from jgan.rules.lookahead import lookahead_minimax
from jgan.rules.negative_momentum import negative_momentum
from jgan.rules.optimistic import optimistic
from jgan.rules.past_extragradient import past_extragradient
from jgan.rules.rule import Rule, TrainState, start
from jgan.rules.runge_kutta import runge_kutta
from jgan.rules.simultaneous import simultaneous
from jgan.rules.symplectic import symplectic

__all__ = [
    "Rule",
    "TrainState",
    "alternating",
    "averaged",
    "changing_half_life",
    "competitive",
    "consensus",
    "drift_corrected",
    "extragradient",
    "half_life_decay",
    "half_life_schedule",
    "lola",
    "look_ahead",
    "lookahead_minimax",
    "negative_momentum",
    "optimistic",
    "past_extragradient",
    "runge_kutta",
    "simultaneous",
    "start",
    "symplectic",
    "with_consensus",
    "with_drift",
]
