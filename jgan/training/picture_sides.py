"""Which pictures suit networks whose maps double up to the picture: StyleGAN's, StyleGAN2's and R3GAN's."""

from jgan.data import Source
from jgan.errors import UserError
from jgan.networks.stylegan2 import LARGEST, SMALLEST, doubled_sizes


def check_sides(source: Source) -> None:
    """Refuse pictures that `jgan.networks.stylegan2.doubled_sizes` does not lead to.

    Raises:
      UserError: naming the data and, for square pictures, the nearest sides that are possible.
    """
    try:
        doubled_sizes(source.shape)
    except ValueError as error:
        height, width = source.shape[:2]
        near = "" if height != width else f", such as {' or '.join(map(str, near_sides(height)))}"
        raise UserError(
            f"data is {source.name!r}, whose pictures have {height}x{width} pixels, but sides must be 4, 5, 6 "
            f"or 7 times a power of two{near}; end the name of a folder with @ and the side."
        ) from error


def near_sides(side: int) -> list[int]:
    """The nearest sides of square pictures that doubling reaches, not above and not below ``side``.

    >>> near_sides(100), near_sides(3), near_sides(128)
    ([96, 112], [8], [128])
    """
    sides = sorted(
        base * 2**power for base in range(SMALLEST, LARGEST + 1) for power in range(1, 12)
    )
    below = [one for one in sides if one <= side][-1:]
    above = [one for one in sides if one >= side][:1]
    return sorted({*below, *above})
