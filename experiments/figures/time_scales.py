"""Two time scales and transients (Fiez & Ratliff 2020, arXiv 2009.14820; Trefethen & Embree 2005).

    python experiments/figures/time_scales.py [--out time_scales.png]

Left: eigenvalues of min over x, max over y of -b x²/2 + c x y - d y²/2 with b = 1, c = 2, d = 0.25 over the
time scale of y; the flow is stable beyond tau = b/d = 4 (line), by bisection on the spectrum (dot). Middle: the
slow eigenvalue against that of the Schur complement, with its error of 1/tau. Right: ‖exp(tJ)‖ of the shear
[[-1, c], [0, -1]] against its closed form, though all eigenvalues are -1.
"""

from pathlib import Path

import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.numerics.pseudospectrum import kreiss_constant
from jgan.numerics.time_scales import critical_tau, schur_complement, spectra_over_tau
from jgan.numerics.transient import flow_growth, flow_norms

B, C, D = 1.0, 2.0, 0.25


def draw(out: Path) -> list[str]:
    """Draw the three panels into ``out``; returns a line for each."""
    plt = pyplot()
    figure, (spectrum, slow, growth) = plt.subplots(1, 3, figsize=(15.5, 4.8))
    matrix, lines = np.array([[-D, C], [-C, B]]), []
    taus = np.geomspace(0.1, 1000, 400)
    values = spectra_over_tau(matrix, 1, taus)
    half = (B - taus * D) / 2
    roots = np.sqrt((half**2 - taus * (C * C - B * D)).astype(complex))
    spectrum.semilogx(taus, values.real, ".", ms=3, color=PATH)
    for sign in (1, -1):
        spectrum.semilogx(taus, (half + sign * roots).real, "--", lw=1, color=INK)
    found = critical_tau(matrix, 1)
    assert found is not None
    spectrum.axvline(B / D, color=FLOW, lw=1, label=f"b/d = {B / D:g}")
    spectrum.plot(found, 0, "o", color=FLOW, label=f"critical tau {found:.6f}")
    spectrum.plot([], [], ".", color=PATH, label="Re λ of both eigenvalues")
    spectrum.plot([], [], "--", color=INK, lw=1, label="closed form")
    spectrum.axhline(0, color=INK, lw=0.5)
    spectrum.set(xlabel="tau", ylabel="Re λ", yscale="symlog", title="a finite critical tau")
    lines.append(f"critical tau {found:.9f}, b/d = {B / D:g}")
    schur = schur_complement(matrix, 1)[0, 0]
    far = np.geomspace(1e3, 1e6, 25)
    nearest = spectra_over_tau(matrix, 1, far).real.max(axis=1)
    gaps = np.abs(nearest - schur)
    # λ + τd + c²τ/(b - λ) = 0 gives λ = S - (S - b) S/(τd) + ...
    first = abs(schur * (schur - B) / D) / far
    slow.loglog(far, gaps, "o", ms=4, color=PATH, label="distance from the Schur complement's")
    slow.loglog(far, first, "--", color=INK, lw=1, label="first order in 1/tau")
    slow.set(xlabel="tau", ylabel="|λ - S|", title=f"the slow eigenvalue tends to S = {schur:g}")
    lines.append(f"first order at tau = 1e6: {gaps[-1] / first[-1]:.6f} of it")
    times = np.linspace(0, 5, 101)
    for c, colour in ((1.0, FLOW), (3.0, PATH), (6.0, "#15803d")):
        shear = np.array([[-1.0, c], [0.0, -1.0]])
        norms = flow_norms(shear, times)
        closed = np.exp(-times) * (c * times + np.sqrt(c * c * times**2 + 4)) / 2
        growth.plot(times, norms, ".", ms=4, color=colour, label=f"c = {c:g}")
        growth.plot(times, closed, "--", color=INK, lw=1)
        lines.append(
            f"shear c = {c:g}: growth {flow_growth(shear).factor:.5f}, Kreiss constant "
            f"{kreiss_constant(shear):.5f}, off the closed form by {np.abs(norms - closed).max():.1e}"
        )
    growth.plot([], [], "--", color=INK, lw=1, label="closed form")
    growth.axhline(1, color=INK, lw=0.5)
    growth.set(xlabel="time t", ylabel="‖exp(tJ)‖", title="all eigenvalues are -1")
    for panel in (spectrum, slow, growth):
        panel.legend(fontsize=8, loc="lower left" if panel is spectrum else "best")
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__)
