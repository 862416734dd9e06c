"""Any game, studied as `jgan dirac` studies one."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import jax
import numpy as np

from jgan.commands.command import command
from jgan.commands.game_file import GameFile, as_game_file
from jgan.commands.kinds import Count, Finite, NotNegative, Positive, Several, Weight
from jgan.commands.notebook import Numbers
from jgan.commands.paths import PngFile
from jgan.commands.study_table import Limits, as_json, as_table
from jgan.display import task
from jgan.errors import UserError
from jgan.files import make_folder
from jgan.numerics.game_case import GameCase
from jgan.numerics.game_study import GameStudy, labels, limits_of_every_rule, study_game
from jgan.numerics.named_rules import Setting, check_setting


class StudiedGame(Numbers):
    """The numbers of a study, which print as a table and can be drawn.

    Attributes:
      found: the study, with the whole path of the iterates.
    """

    def __init__(
        self, found: GameStudy, name: str, view: Mapping[str, Any], limits: Limits | None = None
    ) -> None:
        super().__init__(as_json(found, limits), lambda numbers: as_table(found, name, limits))
        self.found, self._name, self._view = found, name, view

    def save(self, path: str | Path) -> Path:
        """Draw portrait, distance, eigenvalues, heat map, bifurcation and basins into a .png.

        Raises:
          UserError: if matplotlib is not installed, or the file cannot be written.
        """
        from jgan.commands.study_figure import draw  # matplotlib loads slowly

        with jax.enable_x64(True):
            draw(self.found, self._name, Path(path), **self._view)
        return Path(path)


@command
def study(
    game: Any,
    *,
    rule: str = "simultaneous",
    step: Positive = 0.1,
    momentum: float = 0.0,
    tau: Positive = 1.0,
    optimizer: Literal["sgd", "adam"] = "sgd",
    beta2: float = 0.999,
    discriminator_steps: Count = 1,
    generator_steps: Count = 1,
    weights: Sequence[Weight] = (),
    steps: Several = 500,
    horizon: Count | None = None,
    guess: Sequence[Finite] | None = None,
    heat_map: tuple[str, str] | None = None,
    bifurcation: str | None = None,
    plane: tuple[int, int] | None = None,
    every_rule: bool = False,
    seed: NotNegative = 0,
    out: PngFile | None = None,
    **settings: Any,
) -> StudiedGame:
    """Study a game: equilibria, eigenvalues, what iterates do, and maps over its settings.

    The game is a function called game in a Python file; its keyword arguments are flags. It returns a Game,
    such as those of jgan.zero_sum and jgan.two_player, or a Game and the batch that it is played on. Latents
    are drawn once. Everything is computed in float64.

    Args:
      game: Path of the file; in Python also a function that returns a game, or a `Game`.
      rule: Name of the rule: simultaneous, alternating, extragradient, optimistic, past-extragradient,
        consensus, symplectic, competitive, look-ahead, lola, lookahead-minimax, runge-kutta-2, runge-kutta-4 or
        drift-corrected.
      step: Learning rate of the generator, and of the discriminator unless tau is given.
      momentum: Momentum of both players, between -1 and 1; of adam, the decay of the first moment.
      tau: Ratio of the discriminator's learning rate to the generator's.
      optimizer: Optimizer of both players.
      beta2: Decay of adam's second moment.
      discriminator_steps: Number of steps of the discriminator in each update of the rule alternating.
      generator_steps: Number of steps of the generator in each update of the rule alternating.
      weights: Numbers of the rule's own, as NAME=NUMBER: gamma of consensus (1), strength of symplectic (1),
        alpha of look-ahead and lola (the step), anticipation and shaping of lola (1), every and share of
        lookahead-minimax (5 and 0.5), regularization of runge-kutta (0), own and interaction of drift-corrected
        (0 and 1).
      steps: Number of updates of the path.
      horizon: Number of updates that the verdict looks ahead (default: 131072 of two parameters, 32768 up to
        ten, else 8192).
      guess: Where the search for the equilibrium begins, the generator's numbers first (default: the start).
      heat_map: Two numbers over which the factor of an update is mapped: step, momentum, tau, a weight of the
        rule or an argument of the game that is a float, each as NAME or NAME=LOW:HIGH (default: step and the
        game's first).
      bifurcation: The number over which long runs are drawn, as NAME or NAME=LOW:HIGH (default: the second of
        the heat map).
      plane: Numbers of the generator's and of the discriminator's parameter that the figure shows (default: 0
        0).
      every_rule: Also find the largest stable step of every rule, with default weights.
      seed: Seed of latents and networks.
      out: FILE.png for the figure.
      **settings: Keyword arguments of the game's function.

    Returns:
      Equilibria, eigenvalues, rates, the largest stable step, the kind of point, the critical tau, transients,
      the Lyapunov exponent and the verdict by name, complex numbers as pairs; it prints as a table.

    Raises:
      UserError: If a name is unknown, a number outside its range, or the game cannot be studied.
    """
    given = dict(cast("Sequence[tuple[str, float]]", weights))
    setting = Setting(
        step, momentum, discriminator_steps, generator_steps, tau, optimizer, beta2, given
    )
    if out is not None:
        make_folder(Path(out).parent)
    with jax.enable_x64(True):
        try:
            check_setting(rule, setting)
            file = as_game_file(game)
            case = GameCase(file.build, _arguments(file, settings), rule, setting, seed)
            view = _view(case, heat_map, bifurcation, plane)
            with task(f"studying {file.name}"):
                found = study_game(
                    case, steps=steps, long=horizon, guess=_in_tree_order(case, guess)
                )
                limits = limits_of_every_rule(found) if every_rule else None
        except UserError:
            raise
        except ValueError as error:
            raise UserError(str(error)) from error
        one = StudiedGame(found, file.name, view, limits)
    if out is not None:
        one.save(out)
    return one


def _arguments(file: GameFile, settings: Mapping[str, Any]) -> dict[str, Any]:
    known = file.defaults()
    for name in settings:
        if name not in known:
            has = f"has {', '.join(known)}" if known else "has none"
            raise UserError(f"{name!r} is no argument of {file.name}, which {has}.")
        if isinstance(settings[name], float) and not math.isfinite(settings[name]):
            raise UserError(f"{name} is {settings[name]}, but must be a finite number.")
    return {**known, **settings}


def _in_tree_order(case: GameCase, guess: Sequence[float] | None) -> np.ndarray | None:
    """A guess with the discriminator's numbers first."""
    if guess is None:
        return None
    own = _sizes(case)
    if len(guess) != sum(own):
        raise UserError(
            f"--guess has {len(guess)} numbers, but must have {sum(own)}: {own[0]} of the generator, {own[1]} "
            "of the discriminator."
        )
    return np.concatenate([guess[own[0] :], guess[: own[0]]])


def _sizes(case: GameCase) -> tuple[int, int]:
    """The numbers of the generator's and of the discriminator's parameters."""
    names, split = labels(case.first())
    return len(names) - split, split


def _view(
    case: GameCase,
    heat_map: Sequence[str] | None,
    bifurcation: str | None,
    plane: Sequence[int] | None,
) -> dict[str, Any]:
    """What the figure shows, checked before anything is compiled."""
    others = [name for name in case.names() if name not in ("step", "beta2")]
    own = [name for name in others if case.is_of_game(name)]
    second = next(iter([*own, *(name for name in others if name != "tau"), "tau"]))
    both = ("step", second) if heat_map is None else (heat_map[0], heat_map[1])
    axes = [_axis(case, "--heat-map", text) for text in both]
    if axes[0][0] == axes[1][0]:
        raise UserError(f"--heat-map is {' '.join(both)}, but must be two different numbers.")
    over = _axis(case, "--bifurcation", bifurcation or both[1])
    shown = (0, 0) if plane is None else (plane[0], plane[1])
    for player, number, count in zip(
        ("generator", "discriminator"), shown, _sizes(case), strict=True
    ):
        if not 0 <= number < count:
            raise UserError(
                f"--plane is {shown[0]} {shown[1]}, but the {player} has the parameters 0 to {count - 1}."
            )
    return {"heat_map": axes, "over": over, "plane": shown}


Axis = tuple[str, tuple[float, float] | None]
"""A number's name, and the ends between which it is looked at if they are given."""


def _axis(case: GameCase, flag: str, text: str) -> Axis:
    name, sign, ends = text.partition("=")
    if name not in case.names():
        raise UserError(f"{flag} has {name!r}, but must be one of {', '.join(case.names())}.")
    if not sign:
        return name, None
    try:
        low, high = (float(end) for end in ends.split(":"))
    except ValueError:
        low, high = math.nan, math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UserError(f"{flag} has {text!r}, but ends must be LOW:HIGH, such as {name}=0.1:2.")
    if low <= 0 and name in ("tau", "step"):
        raise UserError(f"{flag} has {text!r}, but {name} must be positive.")
    return name, (low, high)
