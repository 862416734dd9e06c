"""What is compared, on how much of what, and the rows that were published."""

from typing import Any, NamedTuple

METHODS: dict[str, dict[str, Any]] = {
    "NS": {},
    "WGAN-GP": {
        "loss": "wasserstein",
        "penalty": "wgan_gp",
        "gamma": 0.1,
        "discriminator_steps": 5,
        "beta1": 0.5,
    },
    "NS+R1": {"penalty": "r1"},
    "NS+R1+R2": {"penalty": "r1_r2"},
    "RpGAN": {"loss": "relativistic"},
    "RpGAN+R1": {"loss": "relativistic", "penalty": "r1"},
    "RpGAN+R1+R2": {"loss": "relativistic", "penalty": "r1_r2"},
    "unrolled 5": {"unroll": 5, "unroll_rate": 0.03, "lr": 1e-3},
    "minibatch": {"kernels": 8},
    "packing 2": {"packing": 2},
    "packing 3": {"packing": 3},
    "packing 4": {"packing": 4},
}
"""Arguments of experiments/coverage.py by name; everything else is the same for all.

Unrolling makes six discriminator steps and their second derivatives for one of the generator, so it has two
fifths of the others' updates; their learning rate does not keep it from diverging.
"""


class Size(NamedTuple):
    """How a data set is learnt and asked.

    Attributes:
      data: its key in a scale.
      arguments: of experiments/coverage.py, for all methods.
      methods: those compared by default.
      seeds: members of each population.
      samples: drawn of each generator.
      batch_size: divisible by all packings.
      side: to which digits are reduced before they are stacked.
      triples: of digits to learn from.
      epochs: of the digits' classifier.
    """

    data: str
    arguments: dict[str, Any]
    methods: tuple[str, ...]
    seeds: int
    samples: int
    batch_size: int
    side: int = 0
    triples: int = 0
    epochs: int = 0

    def arguments_of(self, method: str) -> dict[str, Any]:
        """Arguments of experiments/coverage.py but the data."""
        shorter = (
            {"horizon": self.arguments["horizon"] * 2 // 5} if "unroll" in METHODS[method] else {}
        )
        return {**self.arguments, **METHODS[method], **shorter}

    def settings(self, method: str, digits: str) -> dict[str, Any]:
        """All that decides a cell's result, as JSON keeps it."""
        own = self.arguments_of(method)
        sizes = self._asdict() | {"arguments": own}
        del sizes["methods"]
        return sizes | ({"digits": digits} if self.data == "stacked" else {})


ALL = tuple(METHODS)
PICTURES = (
    "NS",
    "NS+R1",
    "NS+R1+R2",
    "RpGAN",
    "RpGAN+R1",
    "RpGAN+R1+R2",
    "minibatch",
    "packing 2",
)
SCALES: dict[str, dict[str, Size]] = {
    "laptop": {
        "ring": Size("ring", {"gamma": 0.02, "horizon": 5000}, ALL, 10, 2500, 60),
        "grid": Size("grid", {"gamma": 0.3, "horizon": 5000}, ALL, 10, 2500, 60),
        "high": Size(
            "high",
            {"gamma": 150.0, "horizon": 2000, "lr": 1e-3, "sharpness": 1.0, "latent": 16},
            ALL,
            3,
            2500,
            60,
        ),
        "stacked": Size(
            "stacked",
            {"gamma": 1.0, "horizon": 2000, "lr": 1e-3, "latent": 64},
            PICTURES,
            3,
            26_000,
            60,
            side=14,
            triples=128_000,
            epochs=5,
        ),
    },
    "smoke": {
        "ring": Size("ring", {"width": 2, "horizon": 8}, ALL[-2:], 2, 100, 12),
        "grid": Size("grid", {"width": 2, "horizon": 8}, ALL[:2], 2, 100, 12),
        "high": Size("high", {"width": 2, "horizon": 4}, ALL[:1], 2, 100, 12),
        "stacked": Size(
            "stacked",
            {"width": 2, "horizon": 4},
            ALL[:1],
            2,
            200,
            12,
            side=14,
            triples=300,
            epochs=1,
        ),
    },
}
"""By scale, then by data."""

VEEGAN = "Srivastava et al. 2017"
PACGAN = "Lin et al. 2018"
R3GAN = "Huang et al. 2024"
COLUMNS = ("modes", "high-quality %", "KL")
PUBLISHED: dict[str, tuple[tuple[str, str, tuple[str, str, str]], ...]] = {
    "ring": (
        ("GAN", VEEGAN, ("1", "99.3", "")),
        ("unrolled", VEEGAN, ("7.6", "35.6", "")),
        ("VEEGAN", VEEGAN, ("8", "52.9", "")),
        ("GAN", PACGAN, ("6.3±.5", "98.2±.2", ".45±.09")),
        ("PacGAN2", PACGAN, ("7.9±.1", "95.6±2.0", ".07±.03")),
        ("PacGAN3", PACGAN, ("7.8±.1", "97.7±.3", ".10±.02")),
        ("PacGAN4", PACGAN, ("7.8±.1", "95.9±1.4", ".07±.02")),
    ),
    "grid": (
        ("GAN", VEEGAN, ("3.3", "0.5", "")),
        ("unrolled", VEEGAN, ("23.6", "16", "")),
        ("VEEGAN", VEEGAN, ("24.6", "40", "")),
        ("GAN", PACGAN, ("17.3±.8", "94.8±.7", ".70±.07")),
        ("PacGAN2", PACGAN, ("23.8±.7", "91.3±.8", ".13±.04")),
        ("PacGAN3", PACGAN, ("24.6±.4", "94.2±.4", ".06±.02")),
        ("PacGAN4", PACGAN, ("24.8±.2", "93.6±.6", ".04±.01")),
    ),
    "high": (
        ("GAN", VEEGAN, ("1.6", "2.0", "")),
        ("unrolled", VEEGAN, ("0", "0.0", "")),
        ("VEEGAN", VEEGAN, ("5.5", "28.29", "")),
    ),
    "stacked": (
        ("DCGAN", VEEGAN, ("99", "", "3.40")),
        ("unrolled", VEEGAN, ("48.7", "", "4.32")),
        ("VEEGAN", VEEGAN, ("150", "", "2.95")),
        ("DCGAN", PACGAN, ("78.9±6.46", "", "4.50±.127")),
        ("PacDCGAN2", PACGAN, ("1000", "", ".06±.003")),
        ("PacDCGAN3", PACGAN, ("1000", "", ".06±.003")),
        ("PacDCGAN4", PACGAN, ("1000", "", ".07±.005")),
        ("WGAN-GP", R3GAN, ("959", "", "0.73")),
        ("GAN+R1+R2", R3GAN, ("693", "", "0.9270")),
        ("GAN+R1", R3GAN, ("diverges", "", "")),
        ("RpGAN+R1", R3GAN, ("diverges", "", "")),
        ("RpGAN+R1+R2", R3GAN, ("1000", "", "0.0781")),
    ),
}
"""Rows ``(name, source, cells of COLUMNS)``; ± is a standard error over 10 trials."""
