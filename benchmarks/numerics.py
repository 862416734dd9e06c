"""Speed of the numerics: a million Dirac steps, a million spectral radii, eigenvalues of large games.

    python -m benchmarks.numerics [--dense] [--dcgan] [--verdicts]

The first three are measured always; the flags add a dense check at 5,000 parameters, the field of a
three-million-parameter DCGAN, and the verdict on every combination of the Dirac-GAN. Results go to
standard output as JSON, times in seconds after compilation, the best of five where runs are short.
"""

import argparse
import json
import platform
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.game import GENERATOR, PLAYERS, Game
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.dirac import LOSSES, REGULARISERS, regularised
from jgan.numerics.dirac_study import Case, study
from jgan.numerics.field import field
from jgan.numerics.leading import leading_eigenvalues
from jgan.numerics.named_rules import Setting
from jgan.numerics.orbit import iterate
from jgan.numerics.selfmap import SelfMap, jacobian
from jgan.numerics.stability import radius_map
from jgan.rules import alternating, simultaneous
from jgan.terms.penalties import r1

SIX = ("simultaneous", "alternating", "extragradient", "optimistic", "symplectic", "runge-kutta-4")


def best(function: Callable[[], Any], repeats: int = 5) -> float:
    """Seconds of the fastest call, after one that compiles."""
    jax.block_until_ready(function())
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        jax.block_until_ready(function())
        times.append(time.perf_counter() - begin)
    return min(times)


def dirac_steps(count: int = 1_000_000) -> dict[str, float]:
    """Seconds of a million updates of the Dirac-GAN through the public rules."""
    times = {}
    for penalty in ("none", "r1"):
        toy = regularised("non-saturating", penalty)
        sgd = dict.fromkeys(PLAYERS, optax.sgd(0.2))
        rules = {
            "simultaneous": simultaneous(toy.game, sgd),
            "alternating": alternating(toy.game, sgd, first=GENERATOR),
        }
        for name, rule in rules.items():
            state = rule.init(jax.random.key(0), toy.batch)
            run = jax.jit(lambda s, n, rule=rule, batch=toy.batch: iterate(rule, s, batch, n))
            times[f"{name}, {penalty}"] = best(lambda run=run, state=state: run(state, count))  # type: ignore[misc]
    return times


def map_of_radii(side: int = 1000) -> dict[str, float]:
    """Seconds of ``side`` x ``side`` spectral radii over step and gamma of R1."""
    steps, gammas = jnp.linspace(0.01, 4.0, side), jnp.linspace(0.0, 3.0, side)
    return {
        rule: best(lambda rule=rule: radius_map(steps, gammas, rule=rule))  # type: ignore[misc]
        for rule in ("simultaneous", "alternating")
    }


def points_gan(width: int, dtype: Any = jnp.float32) -> tuple[SelfMap, int]:
    """The field of an MLP GAN with R1 at its initialisation, and its number of parameters."""
    options = {"activation": "tanh", "dtype": dtype}
    networks = (
        mlp_generator((2,), (width, width), **options),
        mlp_discriminator((width, width), **options),
    )
    game = gan(*networks, non_saturating(), normal(2)).add(r1(1.0))
    batch = {"image": jax.random.normal(jax.random.key(1), (64, 2), dtype)}
    return at_start(game, batch, dtype)


def at_start(game: Game, batch: dict[str, jax.Array], dtype: Any) -> tuple[SelfMap, int]:
    """The field of a game as initialised."""
    variables = jax.jit(game.init)(jax.random.key(0), batch)
    variables = jax.tree.map(lambda leaf: leaf.astype(dtype), variables)
    here = field(game, variables, batch)
    return here, sum(leaf.size for leaf in jax.tree.leaves(here.point))


def ten_eigenvalues(here: SelfMap, parameters: int, tolerance: float = 1e-4) -> dict[str, Any]:
    """Seconds, compilation included, of the ten eigenvalues of largest modulus."""
    begin = time.perf_counter()
    found = leading_eigenvalues(here, 10, tolerance=tolerance)
    return {
        "parameters": parameters,
        "seconds": time.perf_counter() - begin,
        "products": found.products,
        "largest residual": float(found.residuals.max()),
    }


def dense_agreement() -> dict[str, Any]:
    """Ten leading eigenvalues of a 5,000-parameter GAN in double precision, against the dense spectrum."""
    with jax.enable_x64(True):
        here, parameters = points_gan(48, jnp.float64)
        found = leading_eigenvalues(here, 10, tolerance=1e-10, restarts=1000)
        dense = np.linalg.eigvals(np.asarray(jax.jit(lambda: jacobian(here))()))
        distance = np.abs(found.values[:, None] - dense[None]).min(axis=1).max()
    return {"parameters": parameters, "largest difference": float(distance)}


def dcgan_field() -> dict[str, Any]:
    """Ten eigenvalues of a DCGAN's field on a batch of 64, single precision."""
    networks = dcgan_generator((32, 32, 3), width=71), dcgan_discriminator(width=71)
    game = gan(*networks, non_saturating(), normal(100))
    batch = {"image": jax.random.uniform(jax.random.key(1), (64, 32, 32, 3), minval=-1.0)}
    return ten_eigenvalues(*at_start(game, batch, jnp.float32))


def verdicts() -> dict[str, str]:
    """The verdict on every loss, regulariser and rule of the Dirac-GAN at h = 0.2 from (1, 1)."""
    words = {}
    with jax.enable_x64(True):
        for penalty in REGULARISERS:
            for loss in LOSSES:
                for rule in SIX:
                    case = Case(loss, penalty, rule=rule, setting=Setting(0.2))
                    words[f"{loss}, {penalty}, {rule}"] = study(case, steps=20).verdict.word
            jax.clear_caches()
    return words


def main() -> None:
    """Measure, and print as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for flag in ("--dense", "--dcgan", "--verdicts"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, {jax.devices()[0].device_kind}",
        "jax": jax.__version__,
        "a million Dirac steps": dirac_steps(),
        "a million spectral radii": map_of_radii(),
        "ten eigenvalues": ten_eigenvalues(*points_gan(294)),
    }
    if options.dense:
        results["dense agreement"] = dense_agreement()
    if options.dcgan:
        results["DCGAN field"] = dcgan_field()
    if options.verdicts:
        results["verdicts"] = verdicts()
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
