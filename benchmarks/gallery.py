"""Draw the gallery of the kept evidence: one wide picture and one paragraph a system.

    make gallery                                     # or python -m benchmarks.gallery
    python -m benchmarks.gallery --only r1 dcgan

docs/gallery.toml names the systems that are shown, and says of each what is to be seen and what is wrong with
it. Pictures are drawn from the trainings under seed 0 that `make evidence` left in runs/verify, and written to
docs/gallery/NAME.png; where a training is not there, its kept picture stays. How near samples lie to labelled
pictures is measured at the same time and kept in benchmarks/results/picture-distances.csv. docs/gallery.md is
then written anew from these, from benchmarks/results/catalogue.csv and from the experiment files.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks._evidence.gallery import draw, page, read_captions
from benchmarks._evidence.picture_distances import read_distances
from benchmarks._evidence.subjects import subjects
from benchmarks.evidence import CATALOGUE, EXPERIMENTS, ROOT, RUNS
from jgan.claims.evidence import read_evidence
from jgan.errors import UserError
from jgan.files import write_atomically

DOCS = ROOT / "docs"
DISTANCES = CATALOGUE.with_name("picture-distances.csv")


def main(words: Sequence[str] | None = None) -> int:
    """Draw the pictures and write the page; returns the exit code."""
    options = _parser().parse_args(words)
    try:
        captions = read_captions(options.docs / "gallery.toml")
        unknown = [name for name in options.only if name not in captions]
        if unknown:
            raise UserError(
                f"--only names {unknown[0]!r}, but gallery.toml has only {', '.join(captions)}."
            )
        known = subjects(options.experiments, options.digits)
        for name in options.only or captions:
            places = options.runs, options.docs, options.distances
            print(draw(known, *places, captions[name]), flush=True)
        table, distances = read_evidence(options.catalogue), read_distances(options.distances)
        text = page(options.experiments, options.docs, captions, table, distances)
        write_atomically(options.docs / "gallery.md", text)
    except (UserError, OSError) as error:
        print(f"gallery: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--only", nargs="+", default=[], metavar="NAME", help="systems to draw (default: all)")
    add("--digits", metavar="DATA", help="the digits that `make evidence` was given")
    add("--catalogue", type=Path, default=CATALOGUE, help="the table of evidence")
    add("--distances", type=Path, default=DISTANCES, help="the table of distances to the data")
    add("--runs", type=Path, default=RUNS, help="folder of the trainings")
    add("--experiments", type=Path, default=EXPERIMENTS, help="folder of the experiment files")
    add("--docs", type=Path, default=DOCS, help="folder of the page, its pictures and gallery.toml")
    return parser


if __name__ == "__main__":
    sys.exit(main())
