"""Measuring what a model learned: feature extractors and everything computed from their features."""

from jgan.evaluation.extraction import Extractor, extract, features_and_probabilities
from jgan.evaluation.extractor import get_extractor

__all__ = ["Extractor", "extract", "features_and_probabilities", "get_extractor"]
