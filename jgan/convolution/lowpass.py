"""Low-pass filters with Kaiser's window, along an axis or round a centre (Karras et al. 2021, appendix C).

Frequencies are in the unit of the sampling rate, such as cycles an image where the rate is pixels an image.
"""

import math

import numpy as np
from scipy.special import j1

from jgan.arguments import check_count, check_number


def kaiser_lowpass(taps: int, cutoff: float, width: float, rate: float) -> tuple[float, ...]:
    """The taps of a sinc under Kaiser's window, whose sum is 1: `scipy.signal.firwin`.

    Args:
      taps: how many.
      cutoff: the frequency at which the gain is about a half.
      width: of the transition band about the cutoff; beyond it the filter is as small as so few taps allow.
      rate: samples in the unit that frequencies are counted in.

    Raises:
      ValueError: if a number is out of its range.

    >>> [round(tap, 3) for tap in kaiser_lowpass(4, 0.25, 0.2, 1.0)]
    [0.125, 0.375, 0.375, 0.125]
    """
    _check(taps, cutoff, width, rate)
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    values = np.sinc(2 * cutoff * places) * _window(taps, width, rate)
    return tuple(float(value) for value in values / np.sum(values))


def radial_lowpass(taps: int, cutoff: float, width: float, rate: float) -> np.ndarray:
    """The filter of the same gain in every direction, ``(taps, taps)``, whose sum is 1.

    J₁(2π f_c r) / (π r), which passes the frequencies of a disc, under the product of two Kaiser windows.
    Arguments are those of `kaiser_lowpass`.
    """
    _check(taps, cutoff, width, rate)
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.hypot(places[:, None], places[None, :])
    middle = radius == 0
    values = j1(2 * math.pi * cutoff * radius) / np.where(middle, 1, math.pi * radius)
    values = np.where(middle, cutoff, values)
    window = _window(taps, width, rate)
    values = values * window[:, None] * window[None, :]
    return values / np.sum(values)


def _window(taps: int, width: float, rate: float) -> np.ndarray:
    """Kaiser's window for a transition band of this width, by his own formulas (Kaiser 1974)."""
    decibels = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95
    if decibels > 50:
        beta = 0.1102 * (decibels - 8.7)
    else:
        beyond = max(decibels - 21, 0.0)
        beta = 0.5842 * beyond**0.4 + 0.07886 * beyond
    return np.kaiser(taps, beta)


def _check(taps: int, cutoff: float, width: float, rate: float) -> None:
    check_count("taps", taps)
    check_number("rate", rate, above=0)
    check_number("cutoff", cutoff, above=0, most=rate / 2)
    check_number("width", width, above=0)
