"""A map of a trained game at several batches, whose eigenvalues are looked for: exactly, or matrix-free."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np

from jgan.game import PyTree
from jgan.numerics.dense import Decomposition, decompose, jacobian_function, leading_of
from jgan.numerics.density import Density, exact_density, spectral_density
from jgan.numerics.double import in_double
from jgan.numerics.krylov_schur import SMALLEST
from jgan.numerics.leading import EigenSolver
from jgan.numerics.selfmap import (
    SelfMap,
    Share,
    estimated_rotation_share,
    exact_rotation_share,
    flat,
)
from jgan.numerics.spectrum import Spectrum, order_by

STEPS = 40
"""Steps of Lanczos from each probe of a density."""


class Settings(NamedTuple):
    """How eigenvalues are looked for.

    Attributes:
      eigenvalues: how many of the field; None for the usual number, or all where there are fewer.
      tolerance: of the matrix-free solver.
      restarts: of it.
      basis: vectors that it keeps; None for what converges.
      dense: parameters up to which the exact Jacobian is formed.
      seed: of latents and examples.
      which: a key of `jgan.numerics.spectrum.WHICH`: which eigenvalues of the field are listed.
      solver: one of `jgan.numerics.leading.SOLVERS`.
      float64: whether all is computed in double precision.
      densities: whether the densities of eigenvalues are looked for.
      probes: random vectors for them.
      whole: whether the field of all examples is looked at, too.
      by_term: whether terms are told apart.
      kind_of_point: whether the kind of point and the critical time scale are looked for.
    """

    eigenvalues: int | None
    tolerance: float
    restarts: int
    basis: int | None
    dense: int
    seed: int
    which: str = "modulus"
    solver: str = "krylov-schur"
    float64: bool = False
    densities: bool = False
    probes: int = 8
    whole: bool = False
    by_term: bool = False
    kind_of_point: bool = False


def is_dense(size: int, settings: Settings) -> bool:
    """Whether the exact Jacobian of a map of this size is formed; that of the smallest always is."""
    return size <= max(settings.dense, SMALLEST - 1)


def in_precision(make: Callable[[Any], SelfMap], settings: Settings) -> Callable[[Any], SelfMap]:
    """``argument -> map`` of single precision in that of the settings."""
    return (lambda argument: in_double(make(argument))) if settings.float64 else make


class Solvable:
    """A map at several batches.

    Args:
      make: ``argument -> map``, in the precision of the settings (`in_precision`).
      arguments: one for each batch; the first is the one that everything is found for.
      settings: of the solvers.
      symmetric: whether the Jacobian is symmetric.
    """

    def __init__(
        self,
        make: Callable[[Any], SelfMap],
        arguments: Sequence[Any],
        settings: Settings,
        *,
        symmetric: bool = False,
    ) -> None:
        self.make, self.arguments = make, arguments
        self.settings, self.symmetric = settings, symmetric
        point = flat(self.make(arguments[0]))[1]
        self.size, self.precision = point.size, float(np.finfo(point.dtype).eps)
        self.dense = is_dense(self.size, settings)
        self.jacobian = jacobian_function(self.make)
        self.progress: Callable[[int], None] = lambda products: None
        self._free = EigenSolver(
            make,
            symmetric=symmetric,
            tolerance=settings.tolerance,
            basis=settings.basis,
            restarts=settings.restarts,
            solver=settings.solver,
            each=lambda products: self.progress(products),
        )

    @cached_property
    def matrix(self) -> np.ndarray:
        """The exact Jacobian at the first batch."""
        return self.jacobian(self.arguments[0])

    @cached_property
    def decomposition(self) -> Decomposition:
        """All its eigenvalues and eigenvectors."""
        return decompose(self.matrix, symmetric=self.symmetric, precision=self.precision)

    def leading(self, count: int, which: str) -> Spectrum:
        """Leading eigenvalues with residuals and condition numbers, by LAPACK or matrix-free."""
        if self.dense:
            return leading_of(self.decomposition, min(count, self.size), which)
        return self._free.leading(self.arguments[0], count, which, conditions=True)

    def foremost(self, number: int, which: str) -> complex:
        """The first of the leading eigenvalues at the batch of this number."""
        argument = self.arguments[number]
        if self.dense:
            matrix = self.jacobian(argument)
            values = np.linalg.eigvalsh(matrix) if self.symmetric else np.linalg.eigvals(matrix)
        else:  # two, lest a pair be broken
            values = self._free.leading(argument, 2, which).values
        return complex(values[order_by(which, values)[0]])

    def values(self) -> list[PyTree]:
        """The map's values at all batches."""
        value = jax.jit(
            lambda argument: (lambda here: here.function(here.point))(self.make(argument))
        )
        return [value(argument) for argument in self.arguments]

    def rotation(self, key: jax.Array) -> Share:
        """The antisymmetric share of the Jacobian."""
        if self.dense:
            return exact_rotation_share(self.matrix)
        return jax.jit(lambda argument: estimated_rotation_share(self.make(argument), key))(
            self.arguments[0]
        )

    def density(self, part: str, key: jax.Array) -> Density:
        """The density of the eigenvalues of one part of the Jacobian."""
        if self.dense:
            return exact_density(self.matrix, part)
        steps = min(STEPS, self.size)
        probes = self.settings.probes
        return jax.jit(
            lambda argument: spectral_density(
                self.make(argument), key, part=part, steps=steps, probes=probes
            )
        )(self.arguments[0])
