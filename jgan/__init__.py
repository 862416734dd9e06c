"""Generative adversarial networks as differentiable games.

The everyday functions are here, each imported when it is first used, so that ``import jgan`` takes no time:

>>> import jgan
>>> jgan.r1(10.0).name
'r1'
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Game
    from jgan.gans.conditional import conditional
    from jgan.gans.gan import gan
    from jgan.gans.versus import versus
    from jgan.latents import normal, uniform
    from jgan.losses import (
        get_loss,
        hinge,
        least_squares,
        non_saturating,
        relativistic,
        wasserstein,
    )
    from jgan.networks import Network, from_linen, pair
    from jgan.numerics.field import field, operator
    from jgan.rules import Rule, TrainState, alternating, averaged, extragradient, simultaneous
    from jgan.scene import Inputs, Meeting, Term
    from jgan.terms import adversarial
    from jgan.terms.penalties import lazy, r1, r2, wgan_gp
    from jgan.training.carries import inherit
    from jgan.training.experiment import Claim, Experiment, Trained
    from jgan.training.fit import fit
    from jgan.training.stages import Stage

__all__ = [
    "DISCRIMINATOR",
    "GENERATOR",
    "PLAYERS",
    "Claim",
    "Experiment",
    "Game",
    "Inputs",
    "Meeting",
    "Network",
    "Rule",
    "Stage",
    "Term",
    "TrainState",
    "Trained",
    "__version__",
    "adversarial",
    "alternating",
    "averaged",
    "conditional",
    "extragradient",
    "field",
    "fit",
    "from_linen",
    "gan",
    "get_loss",
    "hinge",
    "inherit",
    "lazy",
    "least_squares",
    "non_saturating",
    "normal",
    "operator",
    "pair",
    "r1",
    "r2",
    "relativistic",
    "simultaneous",
    "uniform",
    "versus",
    "wasserstein",
    "wgan_gp",
]

_EXPORTS = {
    "jgan.game": (
        "DISCRIMINATOR",
        "GENERATOR",
        "PLAYERS",
        "Game",
    ),
    "jgan.gans.conditional": ("conditional",),
    "jgan.gans.gan": ("gan",),
    "jgan.gans.versus": ("versus",),
    "jgan.latents": (
        "normal",
        "uniform",
    ),
    "jgan.losses": (
        "get_loss",
        "hinge",
        "least_squares",
        "non_saturating",
        "relativistic",
        "wasserstein",
    ),
    "jgan.networks": (
        "Network",
        "from_linen",
        "pair",
    ),
    "jgan.numerics.field": (
        "field",
        "operator",
    ),
    "jgan.rules": (
        "Rule",
        "TrainState",
        "alternating",
        "averaged",
        "extragradient",
        "simultaneous",
    ),
    "jgan.scene": (
        "Inputs",
        "Meeting",
        "Term",
    ),
    "jgan.terms": ("adversarial",),
    "jgan.terms.penalties": (
        "lazy",
        "r1",
        "r2",
        "wgan_gp",
    ),
    "jgan.training.carries": ("inherit",),
    "jgan.training.experiment": (
        "Claim",
        "Experiment",
        "Trained",
    ),
    "jgan.training.fit": ("fit",),
    "jgan.training.stages": ("Stage",),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = metadata.version("jgan")
    elif name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
    else:
        raise AttributeError(f"module 'jgan' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
