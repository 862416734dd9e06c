"""Any cell of the study "Are GANs Created Equal?" (Lucic et al. 2018, arXiv 1711.10337).

jgan train experiments/created_equal.py --method wgan_gp

The whole study, with its tables, is benchmarks/are_gans_created_equal.py.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from jgan import (
    Adam,
    Claim,
    Experiment,
    Game,
    Network,
    alternating,
    gan,
    get_loss,
    uniform,
    wgan_gp,
)
from jgan.claims.measures import metric
from jgan.data import load
from jgan.game import with_weight_clipping
from jgan.gans.began import began
from jgan.gans.vae import vae
from jgan.networks import infogan_discriminator, infogan_generator, mlp_discriminator, mlp_generator
from jgan.networks.autoencoder import autoencoder
from jgan.networks.infogan import infogan_autoencoder
from jgan.networks.variational import mlp_encoder, posterior
from jgan.terms.penalties import dragan, r1_r2
from jgan.terms.reconstruction import bernoulli, gaussian

LATENT = 64
STEPS = 15_625
"""Discriminator steps of a run: 20 epochs of 50,000 images in batches of 64."""


class Authors(NamedTuple):
    """A method's default settings: its authors' where the study has it, else those named beside it."""

    lr: float
    beta1: float
    disc_iters: int
    norm: str
    loss: str = ""
    clip: float = 0.01
    weight: float = 10.0
    gamma: float = 0.75
    rate: float = 1e-3


AUTHORS = {
    "mm": Authors(5e-5, 0.0, 1, "batch", "minimax"),
    "ns": Authors(5e-5, 0.0, 1, "batch", "non_saturating"),
    "lsgan": Authors(2e-4, 0.5, 1, "batch", "least_squares"),
    "wgan": Authors(5e-5, 0.5, 5, "batch", "wasserstein"),
    "wgan_gp": Authors(1e-4, 0.5, 5, "none", "wasserstein"),
    "dragan": Authors(1e-4, 0.5, 1, "none", "non_saturating"),  # theirs is "batch"
    "began": Authors(1e-4, 0.5, 5, "none"),
    "vae": Authors(5e-5, 0.5, 1, "batch"),
    # Not in the study: LSGAN's settings; the best of Kurach et al. 2019 (arXiv 1807.04720) for SN on
    # CIFAR-10; experiments/rpgan.py.
    "hinge": Authors(2e-4, 0.5, 1, "batch", "hinge"),
    "sn": Authors(2e-4, 0.5, 1, "spectral", "non_saturating"),
    "rpgan": Authors(2e-4, 0.0, 1, "none", "relativistic", weight=1.0),
}

CLAIMS = (
    Claim(
        "the gap of the clipped critic stays bounded, |loss|",
        lambda trained: abs(metric("discriminator/loss", last=5)(trained)),
        at_most=1.0,
        steps=2000,
        setting={"data": "ring", "method": "wgan", "lr": 5e-4, "clip": 0.05},
        control={"clip": 1e6},
    ),
)

Method = Literal[
    "mm", "ns", "lsgan", "wgan", "wgan_gp", "dragan", "began", "vae", "hinge", "sn", "rpgan"
]


@dataclass(frozen=True)
class Changes:
    """Settings that are not the authors'; what is none takes theirs.

    Attributes:
      lr: Learning rate of both Adam optimizers.
      beta1: Decay rate of Adam's first moments; that of the second is 0.999.
      disc_iters: Steps of the discriminator for each step of the generator.
      norm: Normalisation of the discriminator, or of the VAE's encoder for images; authors is none for points,
        but for sn.
      clip: Bound of every weight of WGAN's critic.
      weight: Lambda of WGAN-GP and DRAGAN for images over [0, 1], as in the study; gamma of R1 and R2.
      gamma: The ratio L(fake)/L(real) of BEGAN.
      rate: Rate of BEGAN's controller, its lambda_k, for images over [0, 1].
    """

    lr: float | None = None
    beta1: float | None = None
    disc_iters: int | None = None
    norm: Literal["authors", "batch", "layer", "spectral", "none"] = "authors"
    clip: float | None = None
    weight: float | None = None
    gamma: float | None = None
    rate: float | None = None

    def settings(self, method: str, points: bool) -> Authors:
        """All settings of a method."""
        changed = {name: value for name, value in vars(self).items() if value is not None}
        if self.norm == "authors":
            usual = AUTHORS[method].norm
            changed["norm"] = "none" if points and usual == "batch" else usual
        return AUTHORS[method]._replace(**changed)


def experiment(
    *,
    data: str = "fashion",
    method: Method = "ns",
    changes: Changes = Changes(),
    width: int = 64,
    bn_decay: float = 0.999,
) -> Experiment:
    """The study's networks, optimizer and ranges; nothing is averaged. 15,625 discriminator steps.

    What is none takes the authors' default for the method.

    Args:
      data: Name or path of the data, see jgan.data.load; points get perceptrons.
      method: Method of the study, or hinge, sn, rpgan (with R1 and R2).
      width: Channels of the outermost convolutions, 64 in the study; the dense layers have 16 times it.
      bn_decay: Decay of batch normalisation's running statistics; a short training needs less than 0.999.
    """
    source = load(data)
    own = changes.settings(method, points=len(source.shape) == 1)
    game = _game(method, own, _Networks(source.shape, width, own.norm, bn_decay))
    optimizers = Adam(own.lr, own.beta1).optimizers()
    rule = alternating(game, optimizers, discriminator_steps=own.disc_iters)
    return Experiment(game, rule, source, steps=max(1, STEPS // own.disc_iters), claims=CLAIMS)


def _game(method: str, own: Authors, networks: "_Networks") -> Game:
    # The study's images lie over [0, 1] and jgan's over [-1, 1], where slopes are half as steep and
    # distances twice as long: lambda (2‖∇D‖ - 1)² = 4 lambda (‖∇D‖ - 1/2)².
    if method == "vae":
        return networks.vae()
    if method == "began":
        return networks.began(own.gamma, own.rate / 2)
    prior = uniform(LATENT)
    game = gan(networks.generator(), networks.discriminator(), get_loss(own.loss), prior)
    if method == "wgan":
        return with_weight_clipping(game, own.clip)
    if method == "wgan_gp":
        return game.add(wgan_gp(4 * own.weight, 0.5))
    if method == "dragan":
        return game.add(dragan(4 * own.weight, target=0.5))
    if method == "rpgan":
        return game.add(r1_r2(own.weight))
    return game


class _Networks(NamedTuple):
    """The study's networks for images, perceptrons for points."""

    shape: tuple[int, ...]
    width: int
    norm: str
    decay: float

    @property
    def _hidden(self) -> tuple[int, int]:
        return (4 * self.width, 4 * self.width)

    def generator(self, rectifier: str = "leaky_relu") -> Network:
        if len(self.shape) == 1:
            return mlp_generator(self.shape, self._hidden)
        return infogan_generator(
            self.shape, width=self.width, decay=self.decay, rectifier=rectifier
        )

    def discriminator(self) -> Network:
        if len(self.shape) == 1:
            return mlp_discriminator(self._hidden, norm=self.norm)
        return infogan_discriminator(norm=self.norm, width=self.width, decay=self.decay)

    def began(self, gamma: float, rate: float) -> Game:
        if len(self.shape) == 1:
            judge = autoencoder(body="mlp", width=self.width)
        else:
            judge = infogan_autoencoder(norm=self.norm, width=self.width, decay=self.decay)
        return began(self.generator(), judge, uniform(LATENT), gamma=gamma, rate=rate)

    def vae(self) -> Game:
        if len(self.shape) == 1:
            encoder, decoder = mlp_encoder(LATENT, self._hidden), self.generator()
            return vae(encoder, decoder, LATENT, likelihood=gaussian(0.1))
        outputs = infogan_discriminator(
            norm=self.norm, width=self.width, decay=self.decay, outputs=2 * LATENT
        )
        return vae(posterior(outputs), self.generator("relu"), LATENT, likelihood=bernoulli)
