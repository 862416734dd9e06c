"""Gaussian mixtures fitted by scikit-learn's expectation-maximisation."""

import numpy as np

from jgan.errors import UserError

COVARIANCES = ("full", "diag")


def fit_mixture(
    x: np.ndarray,
    components: int,
    *,
    covariance: str = "full",
    floor: float = 1e-6,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Parameters of `jgan.gans.mixture.log_density` at a local maximum of the likelihood of ``x``.

    Args:
      x: ``(N, ...)``, flattened here; at least ``components`` examples.
      components: K.
      covariance: "full" or "diag".
      floor: added to the diagonals of all covariances.
      seed: of the initial k-means.

    Returns:
      ``"weights"`` ``(K,)`` (logarithms), ``"means"`` ``(K, d)`` and ``"precisions"`` ``(K, d, d)`` or
      ``(K, d)``, float32.

    Raises:
      UserError: if scikit-learn is not installed, or a number is out of range.
    """
    if covariance not in COVARIANCES:
        raise UserError(
            f"covariance is {covariance!r}, but must be one of {', '.join(COVARIANCES)}."
        )
    if not 1 <= components <= len(x):
        raise UserError(
            f"components is {components}, but must lie between 1 and {len(x)}, the number of examples."
        )
    try:
        from sklearn.mixture import GaussianMixture
    except ImportError as error:
        raise UserError(
            "a Gaussian mixture is fitted by scikit-learn, which is not installed: "
            "pip install 'jgan[mixture]'."
        ) from error
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    model = GaussianMixture(
        components, covariance_type=covariance, reg_covar=floor, max_iter=200, random_state=seed
    )
    model.fit(flat)
    found = {
        "weights": np.log(model.weights_),
        "means": model.means_,
        "precisions": model.precisions_cholesky_,
    }
    return {name: value.astype(np.float32) for name, value in found.items()}
