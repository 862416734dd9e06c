"""The group of arguments of StyleGAN's networks; apart from the others, which need none of these networks."""

from dataclasses import dataclass
from typing import Literal

from jgan.arguments import check_count
from jgan.networks import Network
from jgan.networks.stylegan2 import style_mapping, stylegan2_discriminator


@dataclass(frozen=True)
class StyleNetworks:
    """StyleGAN's mapping network and discriminator, and the sizes of its synthesis network.

    Attributes:
      condition: Whether the mapping network and the discriminator are given the label.
      mixing: Share of training examples whose style is mixed from two latents.
      group: Examples in a group of the minibatch standard deviation; 1 leaves it out.
      latent: Size of the latents and of the styles; 512 in the paper.
      layers: Layers of the mapping network; 8 in the paper.
      width: Channels at the image's size; they double with every halving.
      most: Channels at most; 512 in the paper.
    """

    condition: Literal["none", "label"] = "none"
    mixing: float = 0.9
    group: int = 4
    latent: int = 64
    layers: int = 4
    width: int = 16
    most: int = 64

    @property
    def conditional(self) -> bool:
        """Whether there are labels."""
        return self.condition == "label"

    @property
    def sizes(self) -> dict[str, int]:
        """``width`` and ``most`` as keyword arguments of what makes a network."""
        return {"width": self.width, "most": self.most}

    def mapping(self, inputs: int, classes: int, *, decay: float = 0.995) -> Network:
        """Latents, and labels of ``classes`` if they are not 0, to ``inputs`` styles, by `style_mapping`."""
        check_count("latent", self.latent)
        return style_mapping(
            inputs,
            features=self.latent,
            layers=self.layers,
            classes=classes,
            mixing=self.mixing,
            decay=decay,
        )

    def discriminator(self, classes: int, *, residual: bool) -> Network:
        """Images, and labels, to logits, by `jgan.networks.stylegan2.stylegan2_discriminator`."""
        return stylegan2_discriminator(
            group=self.group, residual=residual, classes=classes, **self.sizes
        )
