"""Which training methods for GANs converge (Mescheder, Geiger & Nowozin 2018, arXiv 1801.04406, table 1).

    python experiments/figures/which_methods_converge.py

A row for each method, a column for each way of descent, on the Dirac-GAN with h = 0.2 from (1, 1): the
spectral radius of the operator at the equilibrium, and the verdict of the long run.
"""

import jax

from jgan.numerics.dirac_study import Case, study
from jgan.numerics.named_rules import Setting

METHODS: tuple[tuple[str, str, str], ...] = (
    ("unregularised (minimax)", "minimax", "none"),
    ("unregularised (non-saturating)", "non-saturating", "none"),
    ("WGAN, clipped", "wasserstein", "clip"),
    ("WGAN-GP", "wasserstein", "wgan-gp"),
    ("one-centred penalty", "non-saturating", "one-centred"),
    ("instance noise", "non-saturating", "instance-noise"),
    ("R1", "non-saturating", "r1"),
    ("R2", "non-saturating", "r2"),
    ("consensus", "non-saturating", "consensus"),
)
RULES = ("simultaneous", "alternating", "extragradient", "optimistic")


def table(step: float = 0.2) -> list[list[str]]:
    """The table's cells, the header first."""
    rows = [["method", *RULES]]
    for title, loss, penalty in METHODS:
        cells = []
        for rule in RULES:
            found = study(Case(loss, penalty, rule=rule, setting=Setting(step)), steps=50)
            radius = "" if found.spectral_radius is None else f" {found.spectral_radius:.5f}"
            cells.append(found.verdict.word + radius)
        rows.append([title, *cells])
    return rows


if __name__ == "__main__":
    with jax.enable_x64(True):
        for row in table():
            print(f"{row[0]:<32}" + "".join(f"{cell:<22}" for cell in row[1:]))
