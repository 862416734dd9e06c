"""Krylov-Schur beside ARPACK and LAPACK on eleven games: products, residuals and differences.

    python -m benchmarks.eigen_solvers --out benchmarks/results/eigen-solvers-cpu2.json
    python -m benchmarks.eigen_solvers [--tolerance 1e-8] [--count 6] [--basis 24] [--only WORD]

Networks are perceptrons of a few hundred parameters in double precision, so that LAPACK knows every
eigenvalue. Residuals are measured with the exact Jacobian and divided by the largest modulus found. Products
are the means over five first vectors, seconds those of the first one, compilation included. Results go to
standard output as JSON, and with ``--out`` into a file: games that it holds for the same settings are kept.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks._workers.report import commit, machine
from jgan.files import parse_json, write_atomically
from jgan.game import DISCRIMINATOR, PLAYERS, Game
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating, wasserstein
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.field import field, operator, player_field
from jgan.numerics.leading import SOLVERS, leading_eigenvalues
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.spectrum import Spectrum, order_by
from jgan.rules import Rule, alternating, consensus, extragradient, lola, simultaneous, symplectic
from jgan.scene import Term
from jgan.terms.penalties import r1, wgan_gp
from jgan.versions import versions

WIDTH, EXAMPLES, STEP, SEEDS = 9, 37, 0.1, 5
BATCH: dict[str, Any] = {"image": np.random.default_rng(0).standard_normal((EXAMPLES, 2))}


class Problem(NamedTuple):
    """A map, which of its eigenvalues lead, and whether it is symmetric."""

    build: Callable[[], SelfMap]
    which: str = "right"
    symmetric: bool = False


def game(
    *terms: Term, norm: str = "none", generator_norm: str = "none", loss: Any = non_saturating
) -> Game:
    """A GAN of points with smooth networks."""
    options: dict[str, Any] = {"activation": "tanh", "dtype": jnp.float64}
    networks = (
        mlp_generator((2,), (WIDTH, WIDTH), norm=generator_norm, **options),
        mlp_discriminator((WIDTH, WIDTH), norm=norm, **options),
    )
    return gan(*networks, loss(), normal(2)).add(*terms)


def doubles(tree: Any) -> Any:
    """Floats as doubles."""
    return jax.tree.map(
        lambda x: x.astype(jnp.float64) if jnp.issubdtype(x.dtype, jnp.floating) else x, tree
    )


def field_of(made: Game) -> SelfMap:
    """The field as initialised."""
    return field(made, doubles(jax.jit(made.init)(jax.random.key(0), BATCH)), BATCH)


def hessian_of(made: Game, player: str) -> SelfMap:
    """Minus a player's Hessian as initialised."""
    variables = doubles(jax.jit(made.init)(jax.random.key(0), BATCH))
    return player_field(made, player, variables, BATCH)


def operator_of(made: Game, rule: Callable[..., Rule], optimizer: Any = optax.sgd) -> SelfMap:
    """A rule's operator after one update."""
    built = rule(made, dict.fromkeys(PLAYERS, optimizer(STEP)))
    state = doubles_of(jax.jit(built.init)(jax.random.key(0), BATCH))
    return operator(built, jax.jit(built.update)(state, BATCH)[0], BATCH)


def doubles_of(state: Any) -> Any:
    """A state whose floats are doubles."""
    return state.replace(
        variables=doubles(state.variables),
        optimizers=doubles(state.optimizers),
        memory=doubles(state.memory),
    )


PROBLEMS = {
    "R1, field": Problem(lambda: field_of(game(r1(1.0)))),
    "spectral normalisation, field": Problem(lambda: field_of(game(norm="spectral")), "modulus"),
    "batch normalisation, field": Problem(lambda: field_of(game(generator_norm="batch"))),
    "WGAN-GP, field": Problem(lambda: field_of(game(wgan_gp(10.0), loss=wasserstein))),
    "R1, the discriminator's Hessian": Problem(
        lambda: hessian_of(game(r1(1.0)), DISCRIMINATOR), "left", symmetric=True
    ),
    "R1, consensus": Problem(
        lambda: operator_of(game(r1(1.0)), partial(consensus, gamma=0.3)), "modulus"
    ),
    "spectral normalisation, symplectic": Problem(
        lambda: operator_of(game(norm="spectral"), partial(symplectic, strength=0.5)), "modulus"
    ),
    "no term, LOLA": Problem(lambda: operator_of(game(), partial(lola, alpha=0.5)), "modulus"),
    "WGAN-GP, extragradient": Problem(
        lambda: operator_of(game(wgan_gp(10.0), loss=wasserstein), extragradient), "modulus"
    ),
    "R1, Adam by turns": Problem(
        lambda: operator_of(game(r1(1.0)), alternating, partial(optax.adam, eps=1e-3)), "modulus"
    ),
    "R1, simultaneous": Problem(lambda: operator_of(game(r1(1.0)), simultaneous), "imaginary"),
}


def compared(
    problem: Problem, count: int, basis: int, tolerance: float, restarts: int = 2000
) -> dict[str, Any]:
    """Both solvers on one problem, beside all its eigenvalues by LAPACK."""
    here = problem.build()
    matrix = exact_jacobian(here)
    exact = np.linalg.eigvalsh(matrix) if problem.symmetric else np.linalg.eigvals(matrix)
    exact = exact[order_by(problem.which, exact)]
    result: dict[str, Any] = {"parameters": len(matrix)}
    known = SelfMap(lambda x: jnp.asarray(matrix) @ x, jnp.zeros(len(matrix)))
    for solver in SOLVERS:

        def solve(on: SelfMap, seed: int, solver: str = solver) -> Spectrum:
            return leading_eigenvalues(
                on,
                count,
                which=problem.which,
                symmetric=problem.symmetric,
                tolerance=tolerance,
                basis=basis,
                restarts=restarts,
                seed=seed,
                solver=solver,
            )

        begin = time.perf_counter()
        found = solve(here, 0)
        seconds = time.perf_counter() - begin
        products = [found.products, *(solve(known, seed).products for seed in range(1, SEEDS))]
        result[solver] = {
            "products": float(np.mean(products)),
            "most products": max(products),
            "seconds": round(seconds, 2),
            "stated residual": float(found.residuals.max()),
            "residual": float(residuals(matrix, found).max()),
            "difference": float(np.abs(found.values[:, None] - exact[None]).min(axis=1).max()),
            "missed": missed(found, exact, problem.which, count),
        }
    return result


def residuals(matrix: np.ndarray, found: Spectrum) -> np.ndarray:
    """Measured with the exact Jacobian, divided by the largest modulus found."""
    vectors = found.vectors / np.linalg.norm(found.vectors, axis=0)
    gaps = matrix @ vectors - vectors * found.values
    return np.linalg.norm(gaps, axis=0) / np.abs(found.values).max()


def missed(found: Spectrum, exact: np.ndarray, which: str, count: int) -> int:
    """How many of the first ``count`` are not among those that were found."""
    wanted = exact[:count]
    scale = 1e-6 * np.abs(exact).max()
    return int((np.abs(wanted[:, None] - found.values[None]).min(axis=1) > scale).sum())


def main() -> None:
    """Measure, print as JSON, and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-8,
        help="Relative residual at which a pair counts as converged.",
    )
    parser.add_argument("--count", type=int, default=6, help="Number of eigenvalues.")
    parser.add_argument("--basis", type=int, default=24, help="Size of the Krylov basis.")
    parser.add_argument("--only", default="", help="Part of the names of the games.")
    parser.add_argument("--out", type=Path, help="File of the result, which is gone on with.")
    options = parser.parse_args()
    settings = {name: getattr(options, name) for name in ("tolerance", "count", "basis")}
    games = earlier(options.out, settings)
    with jax.enable_x64(True):
        for name, problem in PROBLEMS.items():
            if options.only not in name or name in games:
                continue
            found = compared(problem, options.count, options.basis, options.tolerance)
            print(json.dumps({name: found}), flush=True)
            games[name] = {**found, "commit": commit()}
            if options.out:
                facts = {**settings, "machine": machine(), "versions": versions(), "games": games}
                write_atomically(options.out, json.dumps(facts, indent=1) + "\n")


def earlier(out: Path | None, settings: dict[str, Any]) -> dict[str, Any]:
    """The games that a file holds for the same settings."""
    if out is None or not out.exists():
        return {}
    facts = parse_json(out.read_text())
    same = all(facts.get(name) == value for name, value in settings.items())
    return dict(facts["games"]) if same else {}


if __name__ == "__main__":
    main()
