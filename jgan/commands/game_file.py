"""Game files: Python files that define a game to study, whose settings are the function's keyword arguments."""

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax

from jgan.errors import UserError
from jgan.game import Batch, Game
from jgan.training.argument_groups import flattened
from jgan.training.experiment import import_file
from jgan.training.user_code import as_user_error


class GameFile(NamedTuple):
    """A game to study, as loaded.

    Attributes:
      name: what it is called in tables.
      build: ``(**arguments) -> (game, batch)``; what goes wrong in it is raised as a UserError.
      summary: the first line of the file's, or the function's, docstring.
    """

    name: str
    build: Callable[..., tuple[Game, Batch]]
    summary: str

    def defaults(self) -> dict[str, Any]:
        """The game's own arguments and their default values."""
        parameters = inspect.signature(self.build).parameters.values()
        return {one.name: one.default for one in parameters}


def load_game(path: str | Path) -> GameFile:
    """Load a game file.

    Raises:
      UserError: if there is no such file, it cannot be imported, or it defines no function ``game``.
    """
    path = Path(path)
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"game file {str(path)!r} {wrong}; give the path of a Python file.")
    what = f"game file {str(path)!r}"
    with jax.enable_x64(True):  # arrays that the file makes are doubles, too
        module = import_file(path, "game file")
    function = getattr(module, "game", None)
    if not callable(function):
        raise UserError(
            f"{what} defines no function 'game'; it must return a Game, or a Game and its batch."
        )
    summary = (module.__doc__ or "").strip().split("\n")[0]
    return GameFile(path.name, _built(function, what), summary)


def as_game_file(game: "str | Path | GameFile | Game | Callable[..., Any]") -> GameFile:
    """A game to study from a file's path, from a function that makes one, or from a game that needs no batch.

    Raises:
      UserError: if it is none of these.
    """
    if isinstance(game, GameFile):
        return game
    if isinstance(game, Game):
        return GameFile("the game", lambda: (game, {}), "")
    if isinstance(game, str | Path):
        return load_game(game)
    if not callable(game):
        raise UserError(
            f"game is a {type(game).__name__}, but must be the path of a game file, a function that returns a "
            "game, or a Game."
        )
    name = getattr(game, "__name__", "game")
    summary = (inspect.getdoc(game) or "").split("\n")[0]
    return GameFile(name, _built(game, f"the function {name!r}"), summary)


def _built(function: Callable[..., Any], what: str) -> Callable[..., tuple[Game, Batch]]:
    with as_user_error(what):
        flat = flattened(function)

    @functools.wraps(flat)
    def build(**arguments: Any) -> tuple[Game, Batch]:
        with as_user_error(what):
            made = flat(**arguments)
        game, batch = made if isinstance(made, tuple) and len(made) == 2 else (made, {})
        if not isinstance(game, Game) or not isinstance(batch, Mapping):
            raise UserError(
                f"{what} returns a {type(made).__name__}, but its function must return a Game, or a Game and "
                "its batch, a dict of arrays."
            )
        return game, dict(batch)

    return build
