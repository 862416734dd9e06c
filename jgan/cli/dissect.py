"""``jgan dissect RUN --layer NAME``: what the generator's hidden units show, and what they cause."""

import argparse
import json
from typing import Any

from jgan.cli.command_flags import call
from jgan.cli.looking import keep, look, looking_parser
from jgan.commands.dissect import dissect, layers
from jgan.commands.load import load


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = looking_parser("dissect", dissect, "dissection", with_images=False)
    options = parser.parse_args(words)
    if options.layer is None:
        _list(options)
        return 0
    findings = look(dissect, options)
    lines = keep(findings, options)
    if not options.json:
        _print(findings.numbers)
        print(findings.words)
        print("\n".join(lines))
    return 0


def _list(options: argparse.Namespace) -> None:
    """Print the layers that can be dissected."""
    known = call(layers, options, call(load, options, options.run))
    if options.json:
        print(json.dumps({"layers": {name: list(shape) for name, shape in known.items()}}))
        return
    print("layers of the generator (height, width, units); choose one by --layer")
    for name, shape in known.items():
        print(f"  {name:<24} {shape}")


def _print(numbers: dict[str, Any]) -> None:
    rows = {row["unit"]: row for row in numbers["units"]}
    print(f"{numbers['samples']} samples; layer {numbers['layer']} {tuple(numbers['shape'])}")
    for unit in numbers["chosen"]:
        row = rows[unit]
        print(
            f"  unit {unit:<4} {row['segment']:<8} IoU {row['iou']:.3f} "
            f"(chance {row['chance']:.3f}, active on {row['quantile']:g} of the pixels)"
        )
    for name, effect in (numbers["ace"] or {}).items():
        print(f"  ACE {name:<8} {effect:+.3f} (covers {numbers['segments'][name]:.3f})")
