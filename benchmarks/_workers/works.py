"""The works that are timed, and the lines that driver and workers exchange.

Both interpreters read this file, so it needs nothing but Python's own library.
"""

import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Work(NamedTuple):
    """One training step that both frameworks carry out.

    Attributes:
      family: of the networks: "mlp", "dcgan", "sngan", "stylegan2", "r3gan", or "critic", which is SNGAN's
        discriminator without spectral normalisation against a generator of a single dense layer.
      shape: of one example, ``(H, W, C)`` or ``(d,)``.
      batch: examples in a minibatch.
      latent: dimensions of the normal latent.
      width: channels at the image's size of StyleGAN2 and R3GAN, of DCGAN's outermost hidden layers, or of
        a perceptron's hidden layers.
      most: channels at most, of StyleGAN2 and R3GAN.
      loss: a name in jgan.losses.LOSSES.
      penalty: "", "r1", "r1_r2" or "wgan_gp".
      penalty_every: updates between its lazy applications.
      path_every: updates between lazy applications of path-length regularisation; 0 for none.
      average: whether the generator's variables are averaged.
      discriminator_steps: in one step, each on a fresh minibatch.
      generator_steps: in one step, 0 or 1.
      betas: of both Adam optimizers; their learning rate is 2e-4.
      examples: in the data set.
      dtype: of the networks' computation, "float32" (on a GPU TF32, on both sides) or "bfloat16"; the rest
        is float32.
    """

    family: str
    shape: tuple[int, ...]
    batch: int = 64
    latent: int = 100
    width: int = 64
    most: int = 64
    loss: str = "non_saturating"
    penalty: str = ""
    penalty_every: int = 1
    path_every: int = 0
    average: bool = False
    discriminator_steps: int = 1
    generator_steps: int = 1
    betas: tuple[float, float] = (0.5, 0.999)
    examples: int = 4096
    dtype: str = "float32"

    @property
    def period(self) -> int:
        """After how many updates the same terms are played again."""
        return math.lcm(self.penalty_every, self.path_every or 1)


_SNGAN = Work("sngan", (32, 32, 3), latent=128, loss="hinge", betas=(0.0, 0.9))
_CRITIC = _SNGAN._replace(family="critic", loss="non_saturating", generator_steps=0)
_STYLEGAN2 = Work(
    "stylegan2",
    (32, 32, 3),
    batch=32,
    latent=64,
    width=16,
    penalty="r1",
    penalty_every=16,
    path_every=4,
    average=True,
    betas=(0.0, 0.99),
)
_R3GAN = Work(
    "r3gan",
    (32, 32, 3),
    batch=32,
    latent=64,
    width=16,
    loss="relativistic",
    penalty="r1_r2",
    average=True,
    betas=(0.0, 0.99),
)
WORKS = {
    "mlp_ring": Work("mlp", (2,), latent=8, width=128),
    "mlp_ring_512": Work("mlp", (2,), latent=8, width=128, batch=512),
    "dcgan32": Work("dcgan", (32, 32, 3)),
    "dcgan64": Work("dcgan", (64, 64, 3)),
    "sngan32_d": _SNGAN._replace(generator_steps=0),
    "sngan32": _SNGAN._replace(discriminator_steps=5),
    "r1": _CRITIC._replace(penalty="r1"),
    "wgan_gp": _CRITIC._replace(penalty="wgan_gp", loss="wasserstein"),
    "stylegan2": _STYLEGAN2,
    "r3gan": _R3GAN,
    "tiny": Work("dcgan", (8, 8, 1), batch=4, width=4, latent=3, examples=16),
    "tiny_mlp": Work("mlp", (2,), batch=4, width=4, latent=3, examples=16),
}
"""Every work by name; the last two are for tests."""
LEARNING_RATE = 2e-4
PENALTY_WEIGHT = 10.0
PATH_WEIGHT, PATH_DECAY, PATH_SHARE = 2.0, 0.99, 2
"""Of path-length regularisation: weight, decay of its running mean, and one of how many examples it takes."""
AVERAGE_DECAY = 0.999

POPULATIONS = (4, 16, 64, 256)
VARIANTS = {
    "jgan": {
        "loop": "many steps in one dispatch, as training runs them",
        "stepwise": "the same program, one step a dispatch",
        "stream": "as loop, but examples are read on the host and sent in blocks",
        **{
            f"seeds{n}": f"{n} seeds in one program; time for one step of one seed"
            for n in POPULATIONS
        },
    },
    "torch": {
        "eager": "as one writes it first",
        "fused": "eager with the fused Adam",
        "channels_last": "fused, with images and kernels in channels-last memory",
        "compile": "fused, losses through torch.compile, but for those with a penalty",
        "compile_channels_last": "both",
        "algebra": "fused, with jgan's exact fusions of pooling and upsampling into convolutions, or filters",
        "algebra_channels_last": "the same in channels-last memory",
    },
}
"""Ways to run a work, by side."""
FILTERED = ("stylegan2", "r3gan")
"""Families whose images are doubled and halved through a filter."""
SHOWN_ONLY = (
    "stepwise",
    "stream",
    *(f"seeds{count}" for count in POPULATIONS),
    "algebra",
    "algebra_channels_last",
)
"""Variants that are timed for information and never stand for their side in the ratio."""


def changed(name: str, changes: Mapping[str, Any] | None) -> Work:
    """A work by its name, with other values of some fields."""
    return WORKS[name]._replace(**(changes or {}))


def variants(side: str, work: Work) -> list[str]:
    """The names of the ways in which ``side`` runs this work unless others are asked for."""
    if side == "jgan":
        return ["loop", "stepwise", "seeds16"] if work.family == "mlp" else ["loop", "stepwise"]
    if work.family == "mlp":
        return ["eager", "fused", "compile"]
    if work.family == "dcgan":
        return ["eager", "fused", "channels_last", "compile", "compile_channels_last"]
    if work.family in FILTERED:
        return ["fused", "channels_last", "compile", "compile_channels_last", "algebra"]
    if work.penalty:
        return ["fused", "channels_last", "algebra_channels_last"]
    return ["fused", "channels_last", "compile_channels_last", "algebra_channels_last"]


def applies(variant: str, work: Work) -> bool:
    """Whether the variant means anything for this work: points have no layout, DCGAN no algebra."""
    image, algebra = work.family != "mlp", work.family in ("sngan", "critic", *FILTERED)
    return (image or "channels_last" not in variant) and (algebra or "algebra" not in variant)


def peak_size(accelerated: bool) -> int:
    """Side of the square matrices whose product measures the peak."""
    return 8192 if accelerated else 2048


def serve(handlers: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """Answer requests from standard input, one JSON object a line, until it closes.

    A request is ``{"do": name, **arguments}``; the answer is the handler's, or ``{"error": sentence}``.
    Whatever a library prints goes to standard error.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request.pop("do")](**request)
        except Exception as error:  # the driver reports it, and other variants go on
            first = (str(error).strip() or "no message").splitlines()[0]
            answer = {"error": f"{type(error).__name__}: {first}"}
        print(json.dumps(answer), file=answers, flush=True)
