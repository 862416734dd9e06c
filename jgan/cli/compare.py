"""``jgan compare A B``: measure one set of examples against another, with no training at all.

A and B are folders of pictures (class subfolders become labels), .npz files, or any other source by name,
such as fashion or folder:photos@64. A is measured against B, the reference. Where A holds more than --samples
examples, as many are drawn by the seed, each class by its share.
"""

import re
from pathlib import Path

from jgan.cli.evaluation_common import (
    add_shared_flags,
    announce,
    announced,
    extractor_for,
    metric_names,
    progress_line,
    show,
    write_pairs,
)
from jgan.cli.flags import Parser
from jgan.commands.paths import output
from jgan.data import Source, load
from jgan.data.pictures import extensions
from jgan.data.registry import recorded
from jgan.errors import UserError
from jgan.evaluation.evaluate import LEAST, evaluate
from jgan.evaluation.reference import check_enough, measurable
from jgan.evaluation.samples import Samples
from jgan.files import cache_folder
from jgan.metrics.subsets import draw_rows, stream

AT_ONCE = 256
LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif")


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan compare", description=__doc__)
    parser.add_argument("first", metavar="A", help="what is measured: a folder, .npz or source")
    parser.add_argument("second", metavar="B", help="the reference, likewise")
    add_shared_flags(parser, samples=50_000)
    parser.add_argument(
        "--split", choices=("train", "test"), default="train", help="of both (default: train)"
    )
    parser.add_argument("--pairs", type=output(".png"), help="draw nn's pairs into this .png")
    options = parser.parse_args(words)
    with recorded() as loaded:
        first, second = (read(name, options.split) for name in (options.first, options.second))
    if len(first.shape) != len(second.shape):
        raise UserError(
            f"{options.first!r} holds examples of shape {first.shape} and {options.second!r} of "
            f"{second.shape}; compare pictures with pictures or points with points."
        )
    names = metric_names(options.metrics, second)
    if options.pairs and "nn" not in names:
        raise UserError(
            "--pairs was given, but pairs are drawn for metric 'nn' only; add it to --metrics."
        )
    images, labels = measurable(first), first.class_labels
    chosen = draw_rows(first.size, options.samples, stream(options.seed, "compared"), labels)
    result = evaluate(
        Samples(
            (images[chosen[start : start + AT_ONCE]] for start in range(0, len(chosen), AT_ONCE)),
            None if labels is None else labels[chosen],
            name=f"examples of {options.first}",
            classes=first.class_names,
        ),
        second,
        names,
        extractor=extractor_for(options, second, loaded),
        seed=options.seed,
        cache=cache_folder("references"),
        about={"first": options.first, "second": options.second, "split": options.split},
        progress=progress_line(len(chosen), "examples"),
        begin=announce,
    )
    announced()
    result.warnings.extend(about_compression(options.first, options.second))
    written = []
    if options.pairs and result.pairs is not None:
        written.append(f"wrote {write_pairs(options.pairs, result.pairs)}")
    show(result, options.json, written)
    return 0


def read(name: str, split: str) -> Source:
    """The source with this name; the ways it may fail are the user's mistakes.

    Raises:
      UserError: if it cannot be read or holds too few examples.
    """
    try:
        source = load(name, split=split)
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error
    check_enough(source.size, LEAST, repr(name))
    return source


def about_compression(first: str, second: str) -> list[str]:
    """A sentence if one of two folders holds JPEGs and the other does not."""
    lossy = [lossy_share(name) for name in (first, second)]
    if None in lossy or lossy[0] == lossy[1]:
        return []
    shares = " and ".join(
        f"{share:.0%} of {name}" for name, share in zip((first, second), lossy, strict=True)
    )
    return [
        f"{shares} are JPEGs: compression alone makes distances between the same pictures; store both alike."
    ]


def lossy_share(name: str) -> float | None:
    """Share of JPEGs among the pictures of a folder; None if the name is no folder of pictures."""
    folder = Path(re.split(r"[@+]", name.removeprefix("folder:"))[0]).expanduser()
    if not folder.is_dir():
        return None
    endings = [path.suffix.lower() for path in folder.rglob("*")]
    pictures = [ending for ending in endings if ending in extensions()]
    if not pictures:
        return None
    return sum(ending in LOSSY for ending in pictures) / len(pictures)
