"""The settings of the study: its methods, their authors' defaults and the ranges that are searched."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from experiments.created_equal import AUTHORS
from jgan.sweeps.axes import Axis, Setting

PAPERS = ("mm", "ns", "lsgan", "wgan", "wgan_gp", "dragan", "began", "vae")
METHODS = tuple(AUTHORS)
"""The paper's eight, then the others."""
NAMES = {
    "mm": "MM GAN",
    "ns": "NS GAN",
    "lsgan": "LSGAN",
    "wgan": "WGAN",
    "wgan_gp": "WGAN GP",
    "dragan": "DRAGAN",
    "began": "BEGAN",
    "vae": "VAE",
    "hinge": "hinge",
    "sn": "NS + spectral norm",
    "rpgan": "RpGAN + R1 + R2",
}
PROGRAM = ("method", "norm", "disc_iters")
"""Settings that make another program; members that share them are one population."""
TRACED = ("lr", "beta1", "clip", "weight", "gamma", "rate")
WITHOUT_BATCH_NORM = ("wgan_gp", "dragan", "rpgan")
"""Their penalties differentiate in the inputs of the discriminator."""

Draw = Callable[[np.random.Generator], Any]
_log: Callable[[float, float], Draw] = lambda low, high: (
    lambda rng: float(10 ** rng.uniform(low, high))
)
_between: Callable[[float, float], Draw] = lambda low, high: (
    lambda rng: float(rng.uniform(low, high))
)
_one_of: Callable[[Sequence[Any]], Draw] = lambda values: (
    lambda rng: values[int(rng.integers(len(values)))]
)
_NORMS = _one_of(("batch", "none"))
WIDE: dict[str, Draw] = {
    "beta1": _between(0.0, 1.0),
    "lr": _log(-5, -2),
    "disc_iters": _one_of((1, 5)),
    "norm": _NORMS,
    "clip": _log(-3, 0),
    "weight": _log(-1, 2),
    "rate": _log(-4, -2),
    "gamma": _between(0.0, 1.0),
}
NARROW: dict[str, Draw] = {
    "beta1": _one_of((0.5,)),
    "lr": _log(-4, -3),
    "disc_iters": _one_of((1,)),
    "norm": _NORMS,
    "clip": _log(-2, 0),
    "weight": _log(-1, 1),
    "rate": _one_of((1e-3,)),
    "gamma": _between(0.6, 0.9),
}
OWN = {
    "wgan": ("clip",),
    "wgan_gp": ("weight",),
    "dragan": ("weight",),
    "began": ("rate", "gamma"),
    "rpgan": ("weight",),
}
"""Settings that only some methods have."""
_COMMON = ("beta1", "lr", "disc_iters", "norm")


def authors(method: str) -> Setting:
    """The authors' default, every setting given."""
    own = AUTHORS[method]
    return {"method": method, **{name: getattr(own, name) for name in (*PROGRAM[1:], *TRACED)}}


def random_settings(
    method: str, ranges: dict[str, Draw], count: int, seed: int = 0
) -> list[Setting]:
    """``count`` settings: draws from ``ranges`` of what the method has, the rest as the authors have it."""
    rng = np.random.default_rng([seed, METHODS.index(method)])
    found: list[Setting] = []
    while len(found) < count:
        own = {name: ranges[name](rng) for name in (*_COMMON, *OWN.get(method, ()))}
        if method in WITHOUT_BATCH_NORM:
            own["norm"] = "none"
        if method == "sn":
            own["norm"] = "spectral"
        if method == "vae":
            own["disc_iters"] = 1
        found.append({**authors(method), **own})
    return found


def described(setting: Setting) -> dict[str, Any]:
    """A setting without what its method does not have."""
    kept = ("method", *_COMMON, *OWN.get(setting["method"], ()))
    return {name: setting[name] for name in kept}


def axes() -> list[Axis]:
    """Axes for `jgan.sweeps.sweep.plan`: what is part of the program and what can be traced."""
    return [
        Axis(name, [], lambda u: None, traced)
        for traced, names in ((False, PROGRAM), (True, TRACED))
        for name in names
    ]
