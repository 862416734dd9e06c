"""Flows of fields that jump, and curves sampled by their own time scale."""

import jax.numpy as jnp
import numpy as np
import pytest

from jgan.numerics.dirac import regularised
from jgan.numerics.field import field
from jgan.numerics.flow import flow, flow_curve
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.toy_games import as_variables

ONE_CENTRED = 1.4
"""Where the flow of the non-saturating Dirac-GAN with WGAN-GP at 0.7 comes to rest: γ/f'(0)."""


@pytest.mark.parametrize("tolerance", [1e-6, 1e-9, 1e-11])
def test_a_flow_that_ends_on_a_jump_stays_there(tolerance: float) -> None:
    toy = regularised("non-saturating", "wgan-gp", 0.7)
    here = field(toy.game, as_variables(1.0, 1.0), toy.batch)
    path = flow(here, np.linspace(0, 200, 400), tolerance=tolerance)
    assert np.abs(path[:, 0]).max() < 1.2
    np.testing.assert_allclose(path[-1], (0.0, -ONE_CENTRED), atol=1e-4)


def test_a_flow_across_a_jump_is_followed() -> None:
    toy = regularised("wasserstein", "wgan-gp", 0.7)
    here = field(toy.game, as_variables(1.0, 1.0), toy.batch)
    psi, theta = flow(here, np.linspace(0, 30, 6001), tolerance=1e-9).T
    turns = np.nonzero(np.diff(np.sign(psi[3000:])))[0] + 3000
    assert len(turns) > 2
    # γ g₀ coth(γπ/(4 sqrt(1 - γ²/4))), the limit cycle's crossing of the axis.
    crossing = 0.7 / np.tanh(0.7 * np.pi / (4 * np.sqrt(1 - 0.7**2 / 4)))
    assert crossing == pytest.approx(1.32660, abs=1e-5)
    np.testing.assert_allclose(np.abs(theta[turns]), crossing, atol=5e-3)


def test_a_flow_that_a_jump_does_not_let_across_is_refused() -> None:
    # x is pushed to 0 from both sides while y moves on.
    chatter = SelfMap(lambda x: jnp.stack([-jnp.sign(x[0]), jnp.ones(())]), jnp.array([1.0, 0.0]))
    message = r"beyond time 1: the field jumps at \(.*\) and leads towards it on both sides\."
    with pytest.raises(ValueError, match=message):
        flow(chatter, np.array([0.0, 3.0]))
    curve = flow_curve(chatter, 3.0)
    assert curve.times[-1] == pytest.approx(1.0, abs=1e-3)
    assert "leads towards it" in (curve.stopped or "")


def test_a_curve_is_sampled_by_its_own_time_scale() -> None:
    turn = SelfMap(lambda x: jnp.stack([x[1], -x[0]]), jnp.array([1.0, 0.0]))
    curve = flow_curve(turn, 200.0, tolerance=1e-8)
    assert curve.stopped is None
    np.testing.assert_allclose(np.linalg.norm(curve.points, axis=1), 1.0, atol=1e-4)
    # The polygon through the points stays near the circle: no turn of more than 0.4 radians.
    assert np.linalg.norm(np.diff(curve.points, axis=0), axis=1).max() < 0.4
    assert len(curve.times) > 200 / 0.4


@pytest.mark.parametrize(("times", "message"), [
    ([0.0], r"times has the shape \(1,\), but must hold at least 2 times"),
    ([], r"times has the shape \(0,\)"),
    ([0.0, 1.0, 0.5], r"times goes from 0 to 0.5 and is not finite and increasing throughout"),
    ([0.0, np.nan], r"times goes from 0 to nan"),
])  # fmt: skip
def test_times_must_increase(times: list[float], message: str) -> None:
    still = SelfMap(lambda x: -x, jnp.ones(2))
    with pytest.raises(ValueError, match=message):
        flow(still, np.array(times))


def test_a_flow_that_explodes_is_drawn_until_there() -> None:
    explosive = SelfMap(lambda x: x**2, jnp.ones(1))
    with pytest.raises(ValueError, match="before time 2"):
        flow(explosive, np.array([0.0, 2.0]), most=3000)
    curve = flow_curve(explosive, 2.0, most=3000)
    assert curve.times[-1] == pytest.approx(1.0, abs=1e-2)
    assert curve.stopped is not None
