"""``jgan study``: numbers, table, figure and refusals of games in files."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jgan
from jgan.cli.main import main
from jgan.errors import UserError

TURN = '''"""A quadratic."""
import jgan


def game(*, b: float = 1.0, c: float = 2.0, d: float = 1.0) -> jgan.Game:
    """A quadratic.

    Args:
      b: Curvature that the generator climbs.
      c: Coupling.
      d: Curvature of the discriminator.
    """
    return jgan.zero_sum(lambda x, y: -b / 2 * x**2 + c * x * y - d / 2 * y**2, start=(1.0, 1.0))
'''


@pytest.fixture
def turn(tmp_path: Path) -> Path:
    file = tmp_path / "turn.py"
    file.write_text(TURN)
    return file


def test_json_has_the_numbers_of_theory(turn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", str(turn), "--tau", "2", "--horizon", "512", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    root = 0.5 * np.sqrt(23)
    assert sorted(found["field_eigenvalues"]) == [
        [pytest.approx(-0.5), pytest.approx(-root)],
        [pytest.approx(-0.5), pytest.approx(root)],
    ]
    assert found["spectral_radius"] == pytest.approx(np.sqrt(0.95**2 + 0.01 * root**2))
    assert found["largest_stable_step"] == pytest.approx(1 / 6, abs=1e-6)
    assert found["kind_of_point"] == "stackelberg"
    assert found["critical_tau"] == pytest.approx(1.0, abs=1e-6)
    assert found["verdict"] == "converges"
    assert found["transient"]["numerical_abscissa"] == pytest.approx(-0.5 + np.sqrt(2.25 + 1))
    assert "eigenvalues alone mislead" in found["transient"]["meaning"]
    assert not (turn.parent / "study.png").exists()


@pytest.mark.full
def test_table_figure_and_every_rule(turn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = turn.parent / "new" / "figure.png"
    words = [
        "--horizon",
        "512",
        "--every-rule",
        "--heat-map",
        "step",
        "tau=0.5:4",
        "--out",
        str(out),
    ]
    assert main(["study", str(turn), "--d", "2", *words]) == 0
    text = capsys.readouterr().out
    assert "turn.py with b = 1, c = 2, d = 2: simultaneous steps of 0.1" in text
    assert "kind of point        stackelberg" in text
    assert "  extragradient" in text
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("words", "message"), [
    (("--rule", "sideways"), "rule is 'sideways', but must be one of simultaneous"),
    (("--tau", "-1"), "tau: is -1, but must be positive"),
    (("--step", "nan"), "step: is nan, but must be a finite number"),
    (("--b", "inf"), "b: is inf, but must be a finite number"),
    (("--momentum", "2"), "momentum is 2.0, but must lie in (-1, 1)"),
    (("--weights", "alpha"), "is 'alpha', but must be NAME=NUMBER"),
    (("--weights", "alpha=1"), "weights has 'alpha', but the rule 'simultaneous' has none."),
    (("--heat-map", "step", "q"), "--heat-map has 'q', but must be one of step, momentum, tau, b, c, d."),
    (("--heat-map", "step", "step"), "--heat-map is step step, but must be two different numbers."),
    (("--bifurcation", "step=2:1"), "--bifurcation has 'step=2:1', but ends must be LOW:HIGH"),
    (("--bifurcation", "tau=0:1"), "--bifurcation has 'tau=0:1', but tau must be positive."),
    (("--plane", "0", "1"), "--plane is 0 1, but the discriminator has the parameters 0 to 0."),
    (("--guess", "1"), "--guess has 1 numbers, but must have 2: 1 of the generator, 1 of the"),
])  # fmt: skip
def test_refusals_are_one_sentence(
    turn: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert main(["study", str(turn), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("text", "message"), [
    ("x = 1", "defines no function 'game'; it must return a Game"),
    ("def game(): return 3", "returns a int, but its function must return a Game"),
    ("def game(x): pass", "argument 'x' of the experiment function needs a default value"),
    ("def game(: pass", "has a syntax error in line 1"),
    ("import jgan\ndef game(): return jgan.zero_sum(lambda x, y: x, 1.0)", "start is 1.0, but must be a pair"),
    ("import jgan\ndef game(): return jgan.zero_sum(lambda x, y: x @ y, (1.0, 1.0))", "generator_loss fails"),
])  # fmt: skip
def test_files_that_define_no_game(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    file = tmp_path / "bad.py"
    file.write_text(text)
    assert main(["study", str(file), "--json"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 2
    assert "study needs a game file; see jgan study --help." in capsys.readouterr().err
    assert main(["study", str(tmp_path / "none.py")]) == 2
    assert "does not exist; give the path of a Python file." in capsys.readouterr().err
    with pytest.raises(UserError, match="game is a int, but must be the path of a game file"):
        jgan.study(3)
    with pytest.raises(UserError, match="'q' is no argument of game, which has none"):
        jgan.study(game, q=1.0)
    with pytest.raises(UserError, match="b is nan, but must be a finite number"):
        jgan.study(lambda *, b=1.0: jgan.zero_sum(lambda x, y: b * x * y, (1.0, 1.0)), b=np.nan)


def game() -> jgan.Game:
    return jgan.zero_sum(lambda x, y: x * y, (1.0, 1.0))


@pytest.mark.full
def test_unfamiliar_games() -> None:
    def three(*, damping: float = 0.2) -> jgan.Game:
        matrix = jnp.array([[1.0, 0.2, 0.0], [0.0, 0.7, -0.3], [0.1, 0.0, 0.5]])
        f = lambda x, y: x @ matrix @ jnp.tanh(y) - damping / 2 * y @ y
        return jgan.zero_sum(f, (jnp.ones(3), -jnp.ones(3)))

    def strategies(*, entropy: float = 0.1) -> jgan.Game:
        payoff = jnp.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])

        def f(w: jax.Array) -> jax.Array:
            p, q = jax.nn.softmax(w[:3]), jax.nn.softmax(w[3:])
            return p @ payoff @ q + entropy * (p @ jnp.log(p) - q @ jnp.log(q))

        return jgan.zero_sum(f, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], split=3)

    def bounded() -> jgan.Game:
        inside = lambda value: jnp.clip(value, 0.0, 1.0)
        made = jgan.zero_sum(lambda x, y: (x + 1) ** 2 + x * y - (y - 0.2) ** 2, (0.9, 0.9))
        return jgan.with_projection(made, "generator", inside)

    short = {"horizon": 1024, "steps": 50}
    found = jgan.study(three, **short)
    assert found["spectral_radius"] == pytest.approx(0.995406, abs=1e-6)
    # A shift of a player's logits changes nothing: each player has a line of equilibria.
    found = jgan.study(strategies, **short)
    assert found["dimension_of_set"] == 2
    # In logits the payoff is turned by 1/9 of ±i√3 and entropy pulls by a third of its weight.
    complex_pair = -0.1 / 3 + 1j * np.sqrt(3) / 9
    assert found["spectral_radius"] == pytest.approx(abs(1 + 0.1 * complex_pair), abs=1e-6)
    found = jgan.study(bounded, **short)
    assert found["held_by_a_constraint"]
    np.testing.assert_allclose(found["equilibria"][0]["point"], [0.0, 0.2], atol=1e-9)
