"""The papers that the parts of jgan rest on; `references.bib` beside this file has them as BibTeX."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PAPERS_OF = {
    "losses.minimax": ("goodfellow2014generative",),
    "losses.non_saturating": ("goodfellow2014generative",),
    "losses.least_squares": ("mao2017least",),
    "losses.wasserstein": ("arjovsky2017wasserstein",),
    "losses.hinge": ("lim2017geometric", "miyato2018spectral"),
    "losses.relativistic": ("jolicoeur2019relativistic", "huang2024gan"),
    "losses.relativistic_average": ("jolicoeur2019relativistic",),
    "losses.f_divergence": ("nowozin2016fgan",),
    "losses.label_smoothing": ("salimans2016improved",),
    "schedules.cosine_schedule": ("huang2024gan",),
    "latents.truncated_normal": ("brock2019large",),
    "latents.truncated": ("karras2019style",),
    "latents.spherical": ("white2016sampling",),
    "latents.analogy": ("radford2016unsupervised",),
    "latents.attribute_direction": ("larsen2016autoencoding",),
    "augmentation.adaptive.with_adaptive_augmentation": ("karras2020training",),
    "augmentation.affine.resample_affine": ("karras2020training",),
    "augmentation.augmented.instance_noise": ("sonderby2017amortised", "arjovsky2017principled"),
    "augmentation.blur.fading_blur": ("karras2021alias",),
    "augmentation.colours.colour_maps": ("karras2020training",),
    "augmentation.diff_augment.diff_augment": ("zhao2020differentiable",),
    "augmentation.moves.flip_and_shift": ("zhang2020consistency",),
    "augmentation.moves.jitter": ("isola2017image",),
    "augmentation.pipeline.bgc": ("karras2020training",),
    "augmentation.placements.mirrored_and_turned": ("karras2020training",),
    "augmentation.placements.placement_maps": ("karras2020training",),
    "terms.ambiguity.ambiguity": ("elgammal2017can",),
    "terms.ambiguity.style_ambiguity": ("elgammal2017can",),
    "terms.balance.balance": ("berthelot2017began",),
    "terms.balance.controlled": ("berthelot2017began",),
    "terms.classification.classification": ("odena2017conditional",),
    "terms.cycle.cycle": ("zhu2017unpaired",),
    "terms.cycle.identity_mapping": ("zhu2017unpaired",),
    "terms.feature_matching.feature_matching": ("salimans2016improved",),
    "terms.feature_matching.paired_feature_matching": ("wang2018high",),
    "terms.historical.historical_average": ("salimans2016improved",),
    "terms.information.information": ("chen2016infogan",),
    "terms.kl.divergence": ("kingma2014auto",),
    "terms.kl.kl_divergence": ("kingma2014auto", "higgins2017beta"),
    "terms.path_regularizer.path_regularizer": ("karras2020analyzing",),
    "terms.perceptual.perceptual": ("johnson2016perceptual", "wang2018high"),
    "terms.penalties.r1": ("mescheder2018which",),
    "terms.penalties.r2": ("mescheder2018which",),
    "terms.penalties.wgan_gp": ("gulrajani2017improved", "choi2018stargan"),
    "terms.penalties.one_centred": ("mescheder2018which",),
    "terms.penalties.dragan": ("kodali2017convergence",),
    "terms.pool.pool": ("shrivastava2017learning", "zhu2017unpaired"),
    "terms.pull_away.pull_away": ("zhao2017energy",),
    "terms.pull_away.mean_squared_cosine": ("zhao2017energy",),
    "terms.quantized.discretized_logistic": ("salimans2017pixelcnn",),
    "terms.regularizers.orthogonal": ("brock2019large",),
    "terms.regularizers.lecam": ("tseng2021regularizing",),
    "terms.regularizers.consistency": ("zhang2020consistency", "zhao2021improved"),
    "terms.regularizers.latent_consistency": ("zhao2021improved",),
    "gans.acgan.acgan": ("odena2017conditional",),
    "gans.age_cgan.preserve_identity": ("antipov2017face",),
    "gans.age_cgan.latent_error": ("antipov2017face",),
    "gans.age_cgan.age_cgan": ("antipov2017face",),
    "gans.autoencoder.plain_autoencoder": ("baldi1989neural",),
    "gans.began.began": ("berthelot2017began",),
    "gans.bigan.bigan": ("donahue2017adversarial", "dumoulin2017adversarially"),
    "gans.bigbigan.bigbigan": ("donahue2019large",),
    "gans.can.can": ("elgammal2017can",),
    "gans.cogan.cogan": ("liu2016coupled",),
    "gans.conditional.conditional": ("mirza2014conditional", "miyato2018cgans"),
    "gans.cyclegan.cyclegan": ("zhu2017unpaired",),
    "gans.ebgan.energy_hinge": ("zhao2017energy",),
    "gans.ebgan.ebgan": ("zhao2017energy",),
    "gans.feature_matching.feature_matching_gan": ("salimans2016improved",),
    "gans.gan.gan": ("goodfellow2014generative",),
    "gans.infogan.infogan": ("chen2016infogan",),
    "gans.lapgan.lapgan": ("denton2015deep",),
    "gans.mixture.gaussian_mixture": ("richardson2018gans",),
    "gans.packing.packed": ("lin2018pacgan",),
    "gans.pix2pix.pix2pix": ("isola2017image",),
    "gans.pix2pixhd.boundaries": ("wang2018high",),
    "gans.pix2pixhd.pix2pixhd": ("wang2018high",),
    "gans.pixelcnn.pixelcnn": ("oord2016pixel", "oord2016conditional"),
    "gans.r3gan.r3gan": ("huang2024gan",),
    "gans.semi_supervised.certain": ("salimans2016improved",),
    "gans.semi_supervised.semi_supervised": ("salimans2016improved",),
    "gans.spade.spade": ("park2019semantic",),
    "gans.stargan.stargan": ("choi2018stargan",),
    "gans.stylegan.stylegan": ("karras2019style", "karras2020analyzing"),
    "gans.stylegan3.stylegan3": ("karras2021alias",),
    "gans.style_based.truncated_styles": ("karras2019style",),
    "gans.talking_heads.embedding_match": ("zakharov2019few",),
    "gans.talking_heads.talking_heads": ("zakharov2019few",),
    "gans.talking_heads.one_talking_head": ("zakharov2019few",),
    "gans.talking_heads.new_person": ("zakharov2019few",),
    "gans.unrolled.unrolled": ("metz2017unrolled",),
    "gans.vae.vae": ("kingma2014auto", "higgins2017beta"),
    "gans.vae_gan.vae_gan": ("larsen2016autoencoding",),
    "numerics.arpack.arpack": ("lehoucq1998arpack",),
    "numerics.density.spectral_density": ("golub1969calculation", "ubaru2017fast"),
    "numerics.density.trace_of": ("hutchinson1990stochastic",),
    "numerics.krylov_schur.krylov_schur": ("stewart2001krylov",),
    "numerics.sampled.Motion": ("mccandlish2018empirical",),
    "rules.alternating.alternating": ("goodfellow2014generative",),
    "rules.averaged.half_life_schedule": ("karras2020analyzing",),
    "rules.averaged.changing_half_life": ("huang2024gan",),
    "rules.competitive.competitive": ("schafer2019competitive",),
    "rules.consensus.consensus": ("mescheder2017numerics",),
    "rules.drift.with_drift": ("rosca2021discretization",),
    "rules.drift.drift_corrected": ("rosca2021discretization",),
    "rules.extragradient.extragradient": (
        "korpelevich1976extragradient",
        "gidel2019variational",
        "mishchenko2020revisiting",
    ),
    "rules.lola.lola": ("foerster2018learning", "letcher2019stable"),
    "rules.lola.look_ahead": ("zhang2010multi",),
    "rules.lookahead.lookahead_minimax": ("chavdarova2021taming",),
    "rules.negative_momentum.negative_momentum": ("gidel2019negative",),
    "rules.optimistic.optimistic": ("daskalakis2018training",),
    "rules.past_extragradient.past_extragradient": (
        "popov1980modification",
        "gidel2019variational",
    ),
    "rules.runge_kutta.runge_kutta": ("qin2020training",),
    "rules.symplectic.symplectic": ("balduzzi2018mechanics",),
    "networks.conditional.labelled": ("mirza2014conditional",),
    "networks.conditional.ConditionalNorm": ("dumoulin2017learned", "devries2017modulating"),
    "networks.conditional.projection_discriminator": ("miyato2018cgans",),
    "networks.dcgan": ("radford2016unsupervised",),
    "networks.domain_judge.domain_discriminator": ("choi2018stargan",),
    "networks.image_norm.InstanceNorm": ("ulyanov2016instance",),
    "networks.equalized": ("karras2018progressive",),
    "networks.equalized.unit_mean_square": ("karras2018progressive",),
    "networks.infogan": ("lucic2018gans",),
    "networks.layers.ResizeConv": ("odena2016deconvolution",),
    "networks.masked.pixelcnn_network": ("oord2016pixel",),
    "networks.mapping.StyleMapping": ("karras2019style",),
    "networks.minibatch.closeness": ("salimans2016improved",),
    "networks.patch.patch_discriminator": ("isola2017image",),
    "networks.minibatch.group_deviation": ("karras2018progressive",),
    "networks.multiscale.multiscale_discriminator": ("wang2018high", "park2019semantic"),
    "networks.modulated": ("karras2020analyzing",),
    "networks.modulated.modulated_conv": ("karras2020analyzing",),
    "networks.r3gan": ("huang2024gan", "zhang2019fixup"),
    "networks.r3gan.r3gan_discriminator": ("miyato2018cgans",),
    "networks.remat.rematerialised": ("chen2016training",),
    "networks.resnet.resnet_generator": (
        "zhu2017unpaired",
        "johnson2016perceptual",
        "choi2018stargan",
        "wang2018high",
        "zakharov2019few",
    ),
    "networks.sngan": ("miyato2018spectral",),
    "networks.spade": ("park2019semantic",),
    "networks.spade.Spade": ("park2019semantic",),
    "networks.spade.SpadeBlock": ("park2019semantic",),
    "networks.spade.spade_generator": ("park2019semantic",),
    "networks.spectral": ("miyato2018spectral",),
    "networks.unet.unet": ("isola2017image", "ronneberger2015unet"),
    "networks.stylegan1": ("karras2019style",),
    "networks.stylegan1.adaptive_instance_norm": ("karras2019style",),
    "networks.stylegan2": ("karras2020analyzing",),
    "networks.stylegan2.style_mapping": ("karras2019style",),
    "networks.stylegan2.stylegan2_discriminator": ("miyato2018cgans",),
    "networks.stylegan3": ("karras2021alias",),
    "networks.alias_free": ("karras2021alias",),
    "networks.fourier": ("karras2021alias",),
    "networks.variational.infogan_encoder": ("lucic2018gans",),
    "networks.virtual.VirtualNorm": ("salimans2016improved",),
    "networks.talking_heads.person_embedder": ("zakharov2019few",),
    "networks.talking_heads.person_discriminator": ("zakharov2019few",),
    "training.photo_recipe.recipe": ("karras2020training",),
    "training.usual_groups.Adam": ("kingma2015adam",),
    "training.usual_groups.TwoRateAdam": ("kingma2015adam", "heusel2017gans"),
    "training.usual_groups.RampedAdam": ("kingma2015adam", "karras2020analyzing"),
    "training.usual_groups.CosineAdam": ("kingma2015adam", "huang2024gan"),
    "statistics.expected_best.expected_best": ("tang2020showing",),
    "statistics.improvement.improvement": ("agarwal2021deep",),
    "statistics.improvement.holm": ("holm1979simple",),
    "statistics.profiles.performance_profile": ("dolan2002benchmarking", "agarwal2021deep"),
    "statistics.ranks.critical_difference": ("demsar2006statistical",),
    "statistics.summaries.interquartile_mean": ("agarwal2021deep",),
    "statistics.summaries.bootstrap_interval": ("agarwal2021deep",),
    "statistics.summaries.wilson_interval": ("wilson1927probable",),
    "sweeps.halving.Rungs": ("jamieson2016nonstochastic",),
    "sweeps.search.Search": ("sobol1967distribution", "matousek1998discrepancy"),
}
"""By the place in jgan of a function, a class or a whole module, the papers that it rests on."""

PAPERS_OF_METRICS: dict[str, tuple[str, ...]] = {
    "fd": ("dowson1982frechet", "heusel2017gans"),
    "fd_inf": ("dowson1982frechet", "heusel2017gans", "chong2020effectively", "efron1982jackknife"),
    "kid": ("binkowski2018demystifying",),
    "is": ("salimans2016improved",),
    "prdc": ("kynkaanniemi2019improved", "naeem2020reliable"),
    "mmd": ("gretton2012kernel",),
    "c2st": ("lopezpaz2017revisiting", "xu2018empirical"),
    "sw": ("rabin2011wasserstein",),
    "w1": ("villani2009optimal",),
    "nn": ("alaa2022faithful", "meehan2020non"),
    "accuracy": ("odena2017conditional",),
    "diversity": (),
    "kl": (),
    "stacked": ("metz2017unrolled", "srivastava2017veegan"),
    "swd": ("karras2018progressive",),
    "msssim": ("wang2003multiscale", "odena2017conditional"),
    "ppl": ("karras2019style",),
    "eq": ("karras2021alias",),
    "modes": ("srivastava2017veegan", "lin2018pacgan"),
    "divergences": ("zhang2020spread",),
}
"""By the name of a metric, the papers that define it."""

PAPERS_OF_EXTRACTORS = {
    "inception": ("szegedy2016rethinking",),
    "efficientnet": ("tan2019efficientnet",),
}
"""By a word in an extractor's name, the papers of its network."""

PAPERS_OF_DATA = dict.fromkeys(
    ("fashion", *(f"garments:{kind}" for kind in ("edges", "colours", "hues", "dyes", "parts"))),
    ("xiao2017fashion",),
)
"""By the name of a data set that comes with jgan, its papers."""


class Reference(NamedTuple):
    """An entry of the bibliography.

    Attributes:
      key: by which LaTeX cites it.
      text: the entry in BibTeX.
    """

    key: str
    text: str

    def field(self, name: str) -> str:
        """The value of a field, empty if the entry has none."""
        found = re.search(rf"^  {name} = {{(.*)}},$", self.text, re.MULTILINE)
        return found[1] if found else ""


@cache
def references() -> dict[str, Reference]:
    """All entries of the bibliography by key, that of jgan first.

    >>> references()["mescheder2018which"].field("eprint")
    '1801.04406'
    """
    text = (Path(__file__).parent / "references.bib").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{([^,]+),\n.*?^\}$", text, re.MULTILINE | re.DOTALL)
    texts = re.findall(r"^@.*?^\}$", text, re.MULTILINE | re.DOTALL)
    return {key: Reference(key, entry) for key, entry in zip(entries, texts, strict=True)}


def of_arxiv(number: str) -> Reference:
    """The entry with an arXiv number; one that has no more than the number if there is none.

    >>> of_arxiv("1801.04406").key
    'mescheder2018which'
    >>> print(of_arxiv("0704.0001").text)
    @misc{arxiv:0704.0001,
      title = {arXiv:0704.0001},
      eprint = {0704.0001},
    }
    """
    for reference in references().values():
        if reference.field("eprint") == number:
            return reference
    text = f"@misc{{arxiv:{number},\n  title = {{arXiv:{number}}},\n  eprint = {{{number}}},\n}}"
    return Reference(f"arxiv:{number}", text)
