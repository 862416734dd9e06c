"""Rules: how the players of a game move. One rule a file; each is a function ``game -> Rule``."""

from jgan.rules.alternating import alternating
from jgan.rules.averaged import averaged, half_life_decay
from jgan.rules.rule import Rule, TrainState, start
from jgan.rules.simultaneous import simultaneous

__all__ = [
    "Rule",
    "TrainState",
    "alternating",
    "averaged",
    "half_life_decay",
    "simultaneous",
    "start",
]
