"""Terms: the lines of which objectives are made. One kind a file; each is a function that returns terms."""

from jgan.terms.adversarial import adversarial
from jgan.terms.ambiguity import style_ambiguity
from jgan.terms.balance import balance
from jgan.terms.classification import classification
from jgan.terms.cycle import cycle, identity_mapping
from jgan.terms.feature_matching import feature_matching, paired_feature_matching
from jgan.terms.historical import historical_average
from jgan.terms.information import information
from jgan.terms.kl import kl_divergence
from jgan.terms.perceptual import perceptual
from jgan.terms.pool import pool
from jgan.terms.pull_away import pull_away
from jgan.terms.reconstruction import reconstruction

__all__ = [
    "adversarial",
    "balance",
    "classification",
    "cycle",
    "feature_matching",
    "historical_average",
    "identity_mapping",
    "information",
    "kl_divergence",
    "paired_feature_matching",
    "perceptual",
    "pool",
    "pull_away",
    "reconstruction",
    "style_ambiguity",
]
