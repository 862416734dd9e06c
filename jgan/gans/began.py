"""BEGAN: an autoencoder as discriminator, and a controller that balances the players."""

from jgan.game import Game
from jgan.gans.ebgan import autoencoding
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.terms.balance import balance
from jgan.terms.reconstruction import absolute


def began(
    generator: Network,
    autoencoder: Network,
    prior: Prior,
    *,
    gamma: float = 0.5,
    rate: float = 1e-3,
    start: float = 0.0,
) -> Game:
    """The game of Berthelot, Schumm & Metz 2017: L_D = L(x) - k L(x̂), L_G = L(x̂).

    Args:
      generator: latents to examples.
      autoencoder: examples to ``{"features": codes, "reconstruction": (B, ...)}``; L is the mean
        absolute error over all elements.
      prior: of the latents, U(-1, 1) in the paper.
      gamma: γ, where the ratio L(x̂)/L(x) is held.
      rate: λ_k, the controller's. With 0, k stays as it starts.
      start: k before the first step, 0 in the paper.

    k is the discriminator's memory ``"balance"``. Metrics of the discriminator:
    ``k``, ``measure`` (M) and ``ratio`` (L(x̂)/L(x)).
    """
    loss = Loss(lambda real, fake: -real, lambda real, fake: -fake)
    game = autoencoding(generator, autoencoder, loss, prior, absolute)
    return game.add(balance(gamma, rate, start))
