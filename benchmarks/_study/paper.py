"""What Lucic et al. 2018 found, and in what a study here differs from theirs."""

from collections.abc import Sequence

from benchmarks._study.scales import FULL, Scale

FID = {
    "mnist": {
        "mm": (9.8, 0.9),
        "ns": (6.8, 0.5),
        "lsgan": (7.8, 0.6),
        "wgan": (6.7, 0.4),
        "wgan_gp": (20.3, 5.0),
        "dragan": (7.6, 0.4),
        "began": (13.1, 1.0),
        "vae": (23.8, 0.6),
    },
    "fashion": {
        "mm": (29.6, 1.6),
        "ns": (26.5, 1.6),
        "lsgan": (30.7, 2.2),
        "wgan": (21.5, 1.6),
        "wgan_gp": (24.5, 2.1),
        "dragan": (27.7, 1.2),
        "began": (22.9, 0.9),
        "vae": (58.7, 1.2),
    },
}
"""Best FID after the large-scale search, mean and deviation over restarts of the best setting.

As quoted in Dai & Wipf 2019, table 1. With the authors' own suggestions the best GAN had about 10 on MNIST
and 32 on Fashion-MNIST (figure 4).
"""
COST = "over 6.85 GPU-years for the whole study"

_ALWAYS = (
    "DRAGAN's discriminator has no batch normalisation (jgan refuses it with a penalty on input gradients); "
    "theirs has in the authors' defaults",
    "LSGAN and DRAGAN's penalty act on the logit; compare_gan v1.0 applies them to sigmoid(logit)",
    "BEGAN's k is clipped to [0, 1], as in its paper, and follows the losses of the discriminator's step; "
    "theirs is not clipped and is renewed after the generator's step",
    "slopes in penalties are exact; theirs are sqrt(1e-4 + ‖∇D‖²)",
    "the generator's step draws fresh latents; theirs reuses those of the discriminator's step",
    "running statistics of the generator advance in its own steps only; theirs also in the discriminator's",
    "the VAE's probabilities are kept 1e-6 away from 0 and 1; theirs 1e-8",
    "images lie over [-1, 1] outside and [0, 1] inside the networks; lambda, lambda_k and target slopes are "
    "converted exactly, so this alone changes nothing",
    "no outlier is removed: a diverged member counts in no mean and is listed; theirs removed severe collapses",
    "hinge, NS + spectral norm and RpGAN + R1 + R2 are not in their study; their settings are ours",
)


def differences(
    scale: Scale, data: str, images: int, distance: str, count: int, test: int
) -> list[str]:
    """Every difference in protocol, a sentence each.

    Args:
      scale: of our study.
      data: the source's name.
      images: in its training set.
      distance: its name.
      count: samples of each distance.
      test: images in the test set.
    """
    found: list[str] = []
    say = found.append
    if distance != "FID":
        say(f"distance: {distance}; theirs is FID. The numbers cannot be compared, only the order")
    if (count, test) != (10_000, 10_000):
        say(f"{count:,} samples against {test:,} test images; theirs 10,000 against 10,000")
    if images != 60_000:
        say(f"{images:,} training images of {data}; theirs the whole training set of 60,000")
    if scale.width != FULL.width:
        say(f"networks of width {scale.width} (dense {16 * scale.width}); theirs 64 (1024)")
    if scale.steps != FULL.steps:
        epochs = scale.steps * scale.batch_size / 50_000
        say(
            f"{scale.steps:,} discriminator steps, {epochs:.2g} of their epochs; theirs 15,625, 20 epochs. "
            "With disc_iters 5 (WGAN, WGAN GP, BEGAN) that is a fifth as many generator updates, as with them, "
            "but of so few a handicap"
        )
    if scale.batch_size != FULL.batch_size:
        say(f"batches of {scale.batch_size}; theirs 64")
    if scale.bn_decay != FULL.bn_decay:
        say(
            f"running statistics decay by {scale.bn_decay:g}; theirs 0.999, too slow for so few steps"
        )
    if scale.times != FULL.times:
        say(f"the best of {scale.times} checkpoints; theirs of 4")
    if not scale.wide:
        say("the authors' default settings; theirs the best of a search over 100 and 50 settings")
    elif (scale.wide, scale.narrow) != (FULL.wide, FULL.narrow):
        say(
            f"a search over {scale.wide} wide and {scale.narrow} narrow settings beside the authors' default; "
            "theirs 100 and 50"
        )
    if scale.seeds != FULL.seeds:
        say(f"{scale.seeds} seeds; theirs 50 restarts")
    return found + list(_ALWAYS)


def known(data: str) -> dict[str, tuple[float, float]]:
    """Their FID on this data set by method; empty if they did not study it."""
    return FID.get(data.partition(":")[0], {})


def ours_and_theirs(
    means: dict[str, float], theirs: dict[str, tuple[float, float]]
) -> tuple[Sequence[float], Sequence[float]]:
    """The two columns over the methods that both have."""
    both = [method for method in theirs if method in means]
    return [means[method] for method in both], [theirs[method][0] for method in both]
