"""``jgan inpaint RUN [IMAGES...]``: fill a hole with what the generator would put there."""

from jgan.cli.looking import keep, look, looking_parser
from jgan.commands.inpaint import inpaint


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = looking_parser("inpaint", inpaint, "inpainting")
    options = parser.parse_intermixed_args(words)  # flags may stand between RUN and IMAGES
    findings = look(inpaint, options)
    lines = keep(findings, options)
    if not options.json:
        print(findings.words)
        for name, value in findings.numbers["mean"].items():
            print(f"  {name:<15} {value:.4g}{' dB' if name.startswith('psnr') else ''}")
        print("\n".join(lines))
    return 0
