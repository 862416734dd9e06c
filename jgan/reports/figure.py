"""Matplotlib figures as SVG inside the page: its colours, its font, no address of anything."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jgan.reports.groups import COLOURS
from jgan.reports.html import Html, readable

INK, FAINT, PAPER = "#010101", "#020202", "#030303"
"""Colours that stand for variables of the page, which its theme decides; so do those of `colour`."""
MUTED = "#040404"
_VARIABLES = {INK: "var(--ink)", FAINT: "var(--line)", PAPER: "var(--card)", MUTED: "var(--muted)"}
_VARIABLES |= {f"#0{index}0f0f": f"var(--c{index})" for index in range(COLOURS)}
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (10, 2)),
    (0, (5, 1.5, 1, 1.5, 1, 1.5)),
)
"""Of four groups each, so that those who do not see the colours tell them apart too; ``.d0`` in style.css."""
LOGARITHMIC = 50
"""Positive values that span more than this factor are drawn on a logarithmic scale."""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.unicode_minus": True,
    "axes.formatter.useoffset": False,
    "text.parse_math": False,
    "axes.formatter.limits": (-4, 5),
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "ytick.left": False,
    "ytick.minor.left": False,
}


def colour(index: int | None) -> str:
    """What stands for the colour of a group with this number; grey for None."""
    return MUTED if index is None else f"#0{index % COLOURS}0f0f"


def dashes(index: int | None) -> Any:
    """Matplotlib's line style of a group with this number; solid for None."""
    return DASHES[(index or 0) // 4 % len(DASHES)]


@contextmanager
def axes(width: float = 4.6, height: float = 2.5) -> Iterator[Any]:
    """Axes of a figure of so many inches, in the report's style."""
    import matplotlib  # loads slowly
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots()


def logarithmic(ax: Any, which: str = "y", scale: str = "log", name: str = "") -> None:
    """A logarithmic scale of an axis, which is said behind its ``name``."""
    ax.set(**{f"{which}scale": scale})
    axis = getattr(ax, f"{which}axis")
    said = "log scale" if scale == "log" else "log scale on both sides of 0"
    axis.set_label_text(f"{name} ({said})" if name else said)
    axis.set_major_formatter(lambda value, _: readable(value))
    axis.set_minor_formatter(lambda value, _: "")


def svg(ax: Any, label: str) -> Html:
    """The figure of ``ax``, axes of `axes`, as an inline picture.

    Args:
      ax: the axes.
      label: what it shows, for those who do not see it.
    """
    import matplotlib

    buffer = io.StringIO()
    # Salted by its label, so that names within one picture are not those within another.
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": label}):
        ax.figure.draw_without_rendering()  # ticks settle only once the layout has
        ax.figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r' (width|height)="[\d.]+pt"', "", text, count=2)
    used = set(re.findall(r"#(\w+)", text))
    text = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", text)
    text = re.sub(r"#[0-9a-f]{6}\b", lambda m: _VARIABLES.get(m[0], m[0]), text)
    text = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", text)
    text = re.sub(r' d="([^"]*)"', lambda m: f' d="{_rounded(m[1])}"', text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    described = Html(text).replace("<svg", f'<svg role="img" aria-label="{_quoted(label)}"', 1)
    return Html(described)


def _rounded(path: str) -> str:
    """A path with one digit behind the point, a tenth of a pixel."""
    return re.sub(r"-?\d+\.\d+", lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), path).strip()


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
