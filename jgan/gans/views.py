"""More ways to look at a game."""

from collections.abc import Mapping

from jgan.game import Game, View


def with_views(game: Game, views: Mapping[str, View]) -> Game:
    """The game with more views, which stay when it is rebuilt (`jgan.augmentation`)."""
    rebuild = game.rebuild
    return game._replace(
        views={**game.views, **views},
        rebuild=rebuild and (lambda critic: with_views(rebuild(critic), views)),
    )
