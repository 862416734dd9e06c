"""The groups of arguments that many experiments have: their data, networks and optimizers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import optax

from jgan.arguments import check_count, check_number
from jgan.augmentation import diff_augment, with_adaptive_augmentation, with_augmentation
from jgan.data import Source, load
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Game
from jgan.networks import (
    Network,
    autoencoder,
    conditional_generator,
    generator_for,
    heads,
    pair,
    point_discriminator,
    point_generator,
    rematerialised,
)
from jgan.networks.variational import encoder
from jgan.rules import (
    Rule,
    alternating,
    averaged,
    changing_half_life,
    half_life_schedule,
    simultaneous,
)
from jgan.schedules import Changing, cosine_schedule


@dataclass(frozen=True)
class Dataset:
    """What is learned from.

    Attributes:
      data: Name or path of the data, see jgan.data.load.
    """

    data: str = "fashion"

    def load(self) -> Source:
        """The source with that name, as `jgan.data.load` gives it."""
        return load(self.data)

    def load_pictures(self) -> Source:
        """The same, of an experiment that needs pictures.

        Raises:
          UserError: if the data are none.
        """
        source = self.load()
        if len(source.shape) != 3:
            raise UserError(f"data is {source.name!r}, but this experiment needs pictures.")
        return source


@dataclass(frozen=True)
class NetworkPair:
    """DCGAN's generator and discriminator for images, perceptrons for points (`jgan.networks.pair`).

    Attributes:
      width: Channels of the outermost hidden layers; perceptrons are four times as wide.
      dtype: Type of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: Whether activations are computed twice instead of being kept, which takes less memory.
      steep: Whether points get the perceptrons of jgan.networks.points, for many narrow modes and without norm.
    """

    width: int = 32
    dtype: str = "float32"
    remat: bool = False
    steep: bool = False

    def networks(
        self, source: Source, *, generator_norm: str = "auto", discriminator_norm: str = "auto"
    ) -> tuple[Network, Network]:
        """The generator and the discriminator of the source's examples.

        Args:
          source: whose examples they make and judge.
          generator_norm: as in `jgan.networks.pair`.
          discriminator_norm: likewise.

        Raises:
          UserError: if steep networks are asked for with a norm, or for data that are no points.
        """
        if self.steep:
            _check_steep(source, generator_norm, discriminator_norm)
            return self._steep(source)
        return pair(
            source.shape,
            width=self.width,
            generator_norm=generator_norm,
            discriminator_norm=discriminator_norm,
            dtype=self.dtype,
            remat=self.remat,
        )

    def _steep(self, source: Source) -> tuple[Network, Network]:
        width, size = 4 * self.width, float(np.std(source.arrays["image"]))
        networks = (
            point_generator(source.shape, width, size=size, dtype=self.dtype),
            point_discriminator(width, size=size, dtype=self.dtype),
        )
        return (
            (rematerialised(networks[0]), rematerialised(networks[1])) if self.remat else networks
        )


def _check_steep(source: Source, *norms: str) -> None:
    if len(source.shape) != 1:
        raise UserError(
            f"steep is True, but data is {source.name!r}, which has no points; such networks are for points."
        )
    norm = next((norm for norm in norms if norm not in ("auto", "none")), None)
    if norm is not None:
        raise UserError(f"steep is True, but norm is {norm!r}; such networks have only 'none'.")


@dataclass(frozen=True)
class Architecture:
    """A generator, and a discriminator or encoder that may have several answers (`jgan.networks.heads`).

    Attributes:
      body: Kind of all networks, DCGAN's convolutions or perceptrons; points always get perceptrons.
      width: Channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: Normalisation of the discriminator: batch, layer, spectral or none.
      resampling: How convolutions double and halve an image: strided as DCGAN's, or smooth, by repeated pixels
        and even kernels, which leave no checkerboards.
    """

    body: Literal["dcgan", "mlp"] = "dcgan"
    width: int = 32
    norm: str = "none"
    resampling: Literal["strided", "smooth"] = "smooth"

    @property
    def options(self) -> dict[str, Any]:
        """``body``, ``width`` and ``resampling`` as keyword arguments of what makes a network."""
        return {"body": self.body, "width": self.width, "resampling": self.resampling}

    def generator(self, source: Source) -> Network:
        """Latents ``(B, d)`` to examples of the source, by `jgan.networks.generator_for`."""
        return generator_for(source.shape, **self.options)

    def conditional_generator(self, source: Source, classes: int) -> Network:
        """Latents and labels to examples of the source, by `jgan.networks.conditional_generator`."""
        return conditional_generator(source.shape, classes, **self.options)

    def heads(self, outputs: Mapping[str, int], **options: Any) -> Network:
        """Examples ``(B, ...)`` to answers of these sizes, by `jgan.networks.heads` and its other options."""
        return heads(outputs, norm=self.norm, **self.options, **options)

    def autoencoder(self, code: int) -> Network:
        """Examples to a code of this size and their reconstruction, by `jgan.networks.autoencoder`."""
        return autoencoder(code=code, norm=self.norm, **self.options)

    def encoder(self, latent: int) -> Network:
        """Examples to mean and deviation ``(B, latent)``, by `jgan.networks.variational.encoder`."""
        return encoder(latent, norm=self.norm, **self.options)


@dataclass(frozen=True)
class DiscriminatorAugmentation:
    """How all pictures are transformed before the discriminator is shown them (`jgan.augmentation`).

    Attributes:
      augmentation: Transformation of all pictures that the discriminator is shown: none, diff for DiffAugment,
        or ada, which is as frequent as it must be for the discriminator not to know the data by heart.
      ada_target: Mean sign of the discriminator's answers to real pictures that ada aims at.
      ada_kimg: Thousands of real pictures in which the probability of ada can rise from 0 to 1.
    """

    augmentation: Literal["none", "diff", "ada"] = "none"
    ada_target: float = 0.6
    ada_kimg: float = 500.0

    def applied(self, game: Game, source: Source) -> Game:
        """The game with that augmentation.

        Raises:
          UserError: if there is one, and the examples are no pictures, or for ada not of 1 or 3 channels.
          ValueError: if a number of ada's is out of range.
        """
        if self.augmentation == "none":
            return game
        if not source.pictures:
            raise UserError(
                f"augmentation is {self.augmentation!r}, but data is {source.name!r}, which has no pictures; "
                "use none."
            )
        if self.augmentation == "diff":
            return with_augmentation(game, diff_augment())
        check_channels(source, "augmentation", "ada", instead="diff or none")
        check_number("ada_target", self.ada_target, least=-1, most=1)
        check_number("ada_kimg", self.ada_kimg, above=0)
        return with_adaptive_augmentation(game, target=self.ada_target, kimg=self.ada_kimg)


def check_channels(source: Source, name: str, value: Any, *, instead: str) -> None:
    """Refuse pictures whose colours ADA's transformations (`jgan.augmentation.bgc`) do not know.

    Args:
      source: of pictures.
      name: of the argument that asks for the transformations.
      value: of the argument.
      instead: what may be given.

    Raises:
      UserError: if they have neither 1 nor 3 channels.
    """
    if source.shape[2] not in (1, 3):
        raise UserError(
            f"{name} is {value!r}, which is for pictures of 1 or 3 channels, but those of {source.name!r} have "
            f"{source.shape[2]}; use {instead}."
        )


def _check_betas(beta1: float, beta2: float) -> None:
    """Raise ValueError unless Adam's decay rates are such; that of first moments may be negative."""
    check_number("beta1", beta1, above=-1, below=1)
    check_number("beta2", beta2, least=0, below=1)


@dataclass(frozen=True)
class Adam:
    """Adam for both players, and an exponential average of the generator.

    Attributes:
      lr: Learning rate of both Adam optimizers.
      beta1: Decay rate of Adam's first moments.
      beta2: Decay rate of Adam's second moments.
      decay: Decay rate of the exponential average of the generator's variables, from which samples are drawn.
      horizon: Number of updates over which the learning rate falls to 0 along a cosine; 0 keeps it.
    """

    lr: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999
    decay: float = 0.999
    horizon: int = 0

    def optimizers(self) -> dict[str, optax.GradientTransformation]:
        """One optimizer for each player."""
        return dict.fromkeys(PLAYERS, self._adam(self.lr))

    def alternating(self, game: Game, discriminator_steps: int = 1) -> Rule:
        """`jgan.rules.alternating` with these optimizers, averaged."""
        rule = alternating(game, self.optimizers(), discriminator_steps=discriminator_steps)
        return averaged(rule, self.decay)

    def simultaneous(self, game: Game) -> Rule:
        """`jgan.rules.simultaneous` with these optimizers, averaged."""
        return averaged(simultaneous(game, self.optimizers()), self.decay)

    def _adam(self, lr: float) -> optax.GradientTransformation:
        rate = optax.cosine_decay_schedule(lr, self.horizon) if self.horizon else lr
        _check_betas(self.beta1, self.beta2)
        return optax.adam(rate, b1=self.beta1, b2=self.beta2)


@dataclass(frozen=True)
class TwoRateAdam(Adam):
    """`Adam` with a learning rate for each player.

    Attributes:
      lr: Learning rate of the discriminator's Adam.
      generator_lr: Learning rate of the generator's Adam.
    """

    generator_lr: float = 1e-3

    def optimizers(self) -> dict[str, optax.GradientTransformation]:
        """One optimizer for each player, with its own learning rate."""
        return {GENERATOR: self._adam(self.generator_lr), DISCRIMINATOR: self._adam(self.lr)}


@dataclass(frozen=True)
class LinearAdam(Adam):
    """`Adam` whose learning rate stays for one half of the training and falls along a line in the other.

    Attributes:
      horizon: Number of updates after which the learning rate, which stays for half of them, is 0; 0 keeps it.
    """

    def _adam(self, lr: float) -> optax.GradientTransformation:
        _check_betas(self.beta1, self.beta2)
        half = self.horizon // 2
        falling = optax.linear_schedule(lr, 0, self.horizon - half, half)
        return optax.adam(falling if self.horizon else lr, b1=self.beta1, b2=self.beta2)


@dataclass(frozen=True)
class RampedAdam:
    """Adam for both players, and an average of the generator whose half-life grows with the run (StyleGAN2).

    Attributes:
      lr: Learning rate of both Adam optimizers.
      beta1: Decay rate of Adam's first moments.
      beta2: Decay rate of Adam's second moments.
      half_life: Half-life of the average of the generator's variables, in updates, once it has grown to it.
      ramp: Half-life of the average as a share of the updates so far.
    """

    lr: float = 2.5e-3
    beta1: float = 0.0
    beta2: float = 0.99
    half_life: float = 10_000.0
    ramp: float = 0.05

    def alternating(self, game: Game) -> Rule:
        """`jgan.rules.alternating` with these optimizers, averaged."""
        _check_betas(self.beta1, self.beta2)
        adam = optax.adam(self.lr, b1=self.beta1, b2=self.beta2)
        rule = alternating(game, dict.fromkeys(PLAYERS, adam))
        return averaged(rule, half_life_schedule(self.half_life, self.ramp))


@dataclass(frozen=True)
class CosineAdam:
    """Adam for both players, and an average of the generator, whose settings change along cosines (R3GAN).

    Attributes:
      lr: Learning rate of both Adam optimizers at first.
      final_lr: Learning rate of both Adam optimizers at last.
      beta1: Decay rate of Adam's first moments.
      beta2: Decay rate of Adam's second moments at first.
      final_beta2: Decay rate of Adam's second moments at last.
      half_life: Half-life of the average of the generator's variables at last, in updates; it begins with 0.
      horizon: Number of updates over which everything that changes does so, along a cosine.
    """

    lr: float = 2e-4
    final_lr: float = 5e-5
    beta1: float = 0.0
    beta2: float = 0.9
    final_beta2: float = 0.99
    half_life: float = 10_000.0
    horizon: int = 40_000

    def changing(self, start: float, end: float) -> Changing:
        """From ``start`` to ``end`` over the horizon."""
        check_count("horizon", self.horizon)
        return cosine_schedule(start, end, self.horizon)

    def alternating(self, game: Game) -> Rule:
        """`jgan.rules.alternating` with these optimizers, averaged."""
        _check_betas(self.beta1, self.beta2)
        check_number("final_beta2", self.final_beta2, least=0, below=1)
        check_number("half_life", self.half_life, least=0)
        # Hyperparameters are part of the optimizer's state, where optax changes them.
        adam = optax.inject_hyperparams(optax.adam, static_args=("b1", "eps", "eps_root"))(
            self.changing(self.lr, self.final_lr),
            b1=self.beta1,
            b2=self.changing(self.beta2, self.final_beta2),
        )
        rule = alternating(game, dict.fromkeys(PLAYERS, adam))
        return averaged(rule, changing_half_life(self.changing(0.0, self.half_life)))
