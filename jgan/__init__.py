"""Generative adversarial networks as differentiable games.

The everyday functions are here, each imported when it is first used, so that ``import jgan`` takes no time:

>>> import jgan
>>> jgan.r1(10.0).name
'r1'

So are the commands, as functions of the same names: ``run = jgan.train("r1")``, ``run.sample(count=16)``.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jgan.commands.cite import cite
    from jgan.commands.classifier import classifier
    from jgan.commands.compare import compare
    from jgan.commands.dirac import dirac
    from jgan.commands.dissect import dissect
    from jgan.commands.doctor import doctor
    from jgan.commands.evaluate import evaluate
    from jgan.commands.images import Images
    from jgan.commands.inpaint import inpaint
    from jgan.commands.interpolate import interpolate
    from jgan.commands.invert import invert
    from jgan.commands.list_experiments import list_experiments
    from jgan.commands.load import load
    from jgan.commands.neighbours import neighbours
    from jgan.commands.new import new
    from jgan.commands.notebook import Table
    from jgan.commands.path_angle import path_angle
    from jgan.commands.report import report
    from jgan.commands.run import Run
    from jgan.commands.sample import sample
    from jgan.commands.spectrum import spectrum
    from jgan.commands.study import study
    from jgan.commands.sweep import sweep
    from jgan.commands.table import table
    from jgan.commands.train import train
    from jgan.commands.translate import translate
    from jgan.commands.verify import verify
    from jgan.errors import UserError
    from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Game, with_projection
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
    from jgan.numerics.two_player import two_player, zero_sum
    from jgan.rules import Rule, TrainState, alternating, averaged, extragradient, simultaneous
    from jgan.scene import Inputs, Meeting, Term
    from jgan.terms import adversarial
    from jgan.terms.penalties import lazy, r1, r2, wgan_gp
    from jgan.training.carries import inherit
    from jgan.training.experiment import Claim, Experiment, Trained
    from jgan.training.fit import fit
    from jgan.training.stages import Stage
    from jgan.training.usual_groups import (
        Adam,
        Architecture,
        CosineAdam,
        Dataset,
        DiscriminatorAugmentation,
        LinearAdam,
        NetworkPair,
        RampedAdam,
        TwoRateAdam,
    )

__all__ = [
    "DISCRIMINATOR",
    "GENERATOR",
    "PLAYERS",
    "Adam",
    "Architecture",
    "Claim",
    "CosineAdam",
    "Dataset",
    "DiscriminatorAugmentation",
    "Experiment",
    "Game",
    "Images",
    "Inputs",
    "LinearAdam",
    "Meeting",
    "Network",
    "NetworkPair",
    "RampedAdam",
    "Rule",
    "Run",
    "Stage",
    "Table",
    "Term",
    "TrainState",
    "Trained",
    "TwoRateAdam",
    "UserError",
    "__version__",
    "adversarial",
    "alternating",
    "averaged",
    "cite",
    "classifier",
    "compare",
    "conditional",
    "dirac",
    "dissect",
    "doctor",
    "evaluate",
    "extragradient",
    "field",
    "fit",
    "from_linen",
    "gan",
    "get_loss",
    "hinge",
    "inherit",
    "inpaint",
    "interpolate",
    "invert",
    "lazy",
    "least_squares",
    "list_experiments",
    "load",
    "neighbours",
    "new",
    "non_saturating",
    "normal",
    "operator",
    "pair",
    "path_angle",
    "r1",
    "r2",
    "relativistic",
    "report",
    "sample",
    "simultaneous",
    "spectrum",
    "study",
    "sweep",
    "table",
    "train",
    "translate",
    "two_player",
    "uniform",
    "verify",
    "versus",
    "wasserstein",
    "wgan_gp",
    "with_projection",
    "zero_sum",
]

_MODULE_OF = {
    "Images": "jgan.commands.images",
    "cite": "jgan.commands.cite",
    "dissect": "jgan.commands.dissect",
    "inpaint": "jgan.commands.inpaint",
    "invert": "jgan.commands.invert",
    "neighbours": "jgan.commands.neighbours",
    "classifier": "jgan.commands.classifier",
    "compare": "jgan.commands.compare",
    "dirac": "jgan.commands.dirac",
    "doctor": "jgan.commands.doctor",
    "evaluate": "jgan.commands.evaluate",
    "interpolate": "jgan.commands.interpolate",
    "path_angle": "jgan.commands.path_angle",
    "report": "jgan.commands.report",
    "spectrum": "jgan.commands.spectrum",
    "study": "jgan.commands.study",
    "sweep": "jgan.commands.sweep",
    "table": "jgan.commands.table",
    "verify": "jgan.commands.verify",
    "new": "jgan.commands.new",
    "list_experiments": "jgan.commands.list_experiments",
    "load": "jgan.commands.load",
    "Run": "jgan.commands.run",
    "sample": "jgan.commands.sample",
    "Table": "jgan.commands.notebook",
    "train": "jgan.commands.train",
    "translate": "jgan.commands.translate",
    "UserError": "jgan.errors",
    "DISCRIMINATOR": "jgan.game",
    "GENERATOR": "jgan.game",
    "PLAYERS": "jgan.game",
    "Game": "jgan.game",
    "with_projection": "jgan.game",
    "conditional": "jgan.gans.conditional",
    "gan": "jgan.gans.gan",
    "versus": "jgan.gans.versus",
    "normal": "jgan.latents",
    "uniform": "jgan.latents",
    "get_loss": "jgan.losses",
    "hinge": "jgan.losses",
    "least_squares": "jgan.losses",
    "non_saturating": "jgan.losses",
    "relativistic": "jgan.losses",
    "wasserstein": "jgan.losses",
    "Network": "jgan.networks",
    "from_linen": "jgan.networks",
    "pair": "jgan.networks",
    "field": "jgan.numerics.field",
    "operator": "jgan.numerics.field",
    "two_player": "jgan.numerics.two_player",
    "zero_sum": "jgan.numerics.two_player",
    "Rule": "jgan.rules",
    "TrainState": "jgan.rules",
    "alternating": "jgan.rules",
    "averaged": "jgan.rules",
    "extragradient": "jgan.rules",
    "simultaneous": "jgan.rules",
    "Inputs": "jgan.scene",
    "Meeting": "jgan.scene",
    "Term": "jgan.scene",
    "adversarial": "jgan.terms",
    "lazy": "jgan.terms.penalties",
    "r1": "jgan.terms.penalties",
    "r2": "jgan.terms.penalties",
    "wgan_gp": "jgan.terms.penalties",
    "inherit": "jgan.training.carries",
    "Claim": "jgan.training.experiment",
    "Experiment": "jgan.training.experiment",
    "Trained": "jgan.training.experiment",
    "fit": "jgan.training.fit",
    "Stage": "jgan.training.stages",
    "Adam": "jgan.training.usual_groups",
    "Architecture": "jgan.training.usual_groups",
    "CosineAdam": "jgan.training.usual_groups",
    "Dataset": "jgan.training.usual_groups",
    "DiscriminatorAugmentation": "jgan.training.usual_groups",
    "LinearAdam": "jgan.training.usual_groups",
    "NetworkPair": "jgan.training.usual_groups",
    "RampedAdam": "jgan.training.usual_groups",
    "TwoRateAdam": "jgan.training.usual_groups",
}


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
