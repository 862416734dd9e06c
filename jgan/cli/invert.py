"""``jgan invert RUN [IMAGES...]``: latents from which the generator makes given pictures."""

from jgan.cli.looking import keep, look, looking_parser
from jgan.commands.invert import invert

COLUMNS = ("start_l1", "encoder_l1", "l1", "psnr", "latent_rms")


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = looking_parser("invert", invert, "inversion")
    options = parser.parse_intermixed_args(words)  # flags may stand between RUN and IMAGES
    findings = look(invert, options)
    lines = keep(findings, options)
    if not options.json:
        mean = findings.numbers["mean"]
        print(findings.words)
        for name in (name for name in COLUMNS if name in mean):
            print(f"  {name:<11} {mean[name]:.4g}")
        print("\n".join(lines))
    return 0
