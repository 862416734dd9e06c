"""The tables of the documents, written from the kept evidence between two comments."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import mean as average

from benchmarks._evidence.subjects import DIGITS
from jgan.claims.evidence import EvidenceRow, Table
from jgan.claims.trainings import CONTROL, SYSTEM
from jgan.claims.verdicts import ClaimVerdict, Values, deviation, difference, mean, worst
from jgan.errors import UserError
from jgan.files import write_atomically
from jgan.training.experiment import Claim

HEADER = """
| experiment | claim | bound | mean ± sd | worst seed | control | verdict | s | commit |
|---|---|---|---|---|---|---|---|---|
"""


def table_of(table: Table) -> str:
    """All claims as Markdown: a line each, and one below it for each rival."""
    lines: list[tuple[str, ...]] = []
    for own in claims_of(table.values()):
        lines += _lines(own)
    return HEADER + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


KINDS = {
    "losses and penalties": (
        *("dcgan", "lsgan", "wgan", "wgan_gp", "dragan", "r1", "rpgan", "sngan"),
        *("created_equal", "mixture"),
    ),
    "against missing modes": ("unrolled", "pacgan", "improved", "coverage"),
    "classes and codes": ("cgan", "acgan", "projection", "infogan", "semi_supervised", "can"),
    "encoders and energies": ("bigan", "bigbigan", "vae_gan", "ebgan", "began"),
    "without an opponent": ("vae", "autoencoder", "pixelcnn"),
    "several domains and sizes": ("cogan", "lapgan"),
    "from pictures to pictures": (
        *("pix2pix", "pix2pixhd", "cyclegan", "stargan", "spade"),
        *("talking_heads", "age_cgan", "privacy", "attgan"),
    ),
    "high fidelity, few pictures": (
        "stylegan",
        "stylegan2",
        "stylegan3",
        "r3gan",
        "photos",
        "limited_data",
    ),
}
"""The experiments by what they are about, as the summary tells them."""


def summary_of(table: Table) -> str:
    """How many of the claims of each kind of experiment hold, and which do not, as Markdown."""
    verdicts: dict[str, list[tuple[str, ClaimVerdict]]] = {}
    for rows in claims_of(table.values()):
        verdict, name = verdict_of(rows), rows[0].experiment
        if verdict.system and verdict.control:
            verdicts.setdefault(name.removesuffix(DIGITS), []).append((name, verdict))
    named = lambda names: ", ".join(f"`{name}`" for name in names)
    lines = ["| | experiments | claims that hold | not yet measured |", "|---|---|---|---|"]
    for kind, names in KINDS.items():
        measured = [own for name in names for own in verdicts.get(name, ())]
        failing = dict.fromkeys(name for name, verdict in measured if not verdict.proven)
        held = sum(verdict.proven for _, verdict in measured)
        words = f"{held} of {len(measured)}" if measured else "-"
        words += f"; not in {named(failing)}" if failing else ""
        waiting = named(name for name in names if name not in verdicts)
        lines.append(f"| {kind} | {named(names)} | {words} | {waiting} |")
    return "\n" + "\n".join(lines) + "\n"


TABLES = {"catalogue": table_of, "summary": summary_of}


def rewritten(text: str, table: Table) -> str:
    """A document with the tables that its comments ask for, `TABLES`, between these.

    Raises:
      UserError: if it has no such comments.
    """
    found = 0
    for name, make in TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found_begin, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if found_begin and found_end:
            text = f"{before}{begin}\n{make(table)}\n{end}{after}"
            found += 1
    if not found:
        raise UserError(
            "the document has no <!-- catalogue --> with <!-- /catalogue --> behind it, between which a table "
            "stands, and no <!-- summary --> either."
        )
    return text


def rewrite(documents: Iterable[Path], table: Table) -> None:
    """Write the table into documents."""
    for document in documents:
        write_atomically(document, rewritten(document.read_text(), table))


def verdict_of(rows: Iterable[EvidenceRow]) -> ClaimVerdict:
    """The verdict on a claim by all its rows, of which there is at least one."""
    values: dict[str, dict[int, float]] = {SYSTEM: {}, CONTROL: {}}
    beside: dict[str, dict[int, str]] = {}
    for row in rows:
        values.setdefault(row.variant, {})[row.seed] = row.value
        if row.beside:
            beside.setdefault(row.variant, {})[row.seed] = row.beside
    claim = Claim(row.claim, lambda trained: math.nan, {}, *ends_of(row.bound))
    return ClaimVerdict(claim, values.pop(SYSTEM), values.pop(CONTROL), values, beside)


def ends_of(bound: str) -> tuple[float | None, float | None]:
    """The ends of a bound that is written in signs.

    >>> ends_of(">= 0.8 and <= 1.25")
    (0.8, 1.25)
    """
    ends = {sign: float(value) for sign, value in map(str.split, bound.split(" and "))}
    return ends.get(">="), ends.get("<=")


def claims_of(rows: Iterable[EvidenceRow]) -> Iterator[list[EvidenceRow]]:
    """The rows of each claim, in the order of the claims."""
    claims: dict[tuple[str, str], list[EvidenceRow]] = {}
    for row in rows:
        claims.setdefault((row.experiment, row.claim), []).append(row)
    yield from claims.values()


def _lines(rows: list[EvidenceRow]) -> Iterator[tuple[str, ...]]:
    """The cells of a claim's lines."""
    verdict = verdict_of(rows)
    claim, system = verdict.claim, verdict.system
    lowest = ""
    if system and all(map(math.isfinite, system.values())):
        seed = worst(claim, system)
        lowest = f"{system[seed]:.4g} ({seed})"
    complete = system and verdict.control
    yield (
        f"`{rows[0].experiment}`",
        claim.name.replace("|", r"\|"),
        rows[0].bound,
        measured_cell(system),
        lowest,
        measured_cell(verdict.control),
        verdict.word if complete else "incomplete",
        _seconds(rows, SYSTEM),
        ", ".join(sorted({_short(row.commit) for row in rows})),
    )
    for variant, notes in verdict.beside.items():
        seed = worst(claim, verdict.values(variant), control=variant == CONTROL)
        if seed in notes:
            yield "", f"beside the {variant}'s worst seed: {notes[seed]}", *[""] * 7
    for name, values in verdict.rivals.items():
        gap = difference(values, system)
        interval = f" ({gap.low:.3g} to {gap.high:.3g})" if gap.low == gap.low else ""
        compared = f"{gap.mean:+.3g}{interval}"
        yield (
            "",
            f"rival: {name}",
            "",
            measured_cell(values),
            "",
            "",
            compared,
            _seconds(rows, name),
            "",
        )


def measured_cell(values: Values) -> str:
    """Mean and deviation, or how many diverged."""
    if not values:
        return "-"
    diverged = sum(not math.isfinite(value) for value in values.values())
    if diverged:
        return f"{diverged} of {len(values)} diverged"
    half = f" ± {deviation(values):.2g}" if len(values) > 1 else ""
    return f"{mean(values):.4g}{half}"


def _seconds(rows: list[EvidenceRow], variant: str) -> str:
    found = [row.seconds for row in rows if row.variant == variant]
    return f"{average(found):.0f}" if found else "-"


def _short(commit: str) -> str:
    """The first digits of a commit, ``+`` behind them if the code was not as it is there."""
    return commit[:7] + ("+" if commit.endswith("-modified") else "")
