"""How what is deprecated says so: it warns for one minor version and names its successor."""

import warnings


def deprecated(name: str, successor: str, *, removed: str) -> None:
    """Warn that a flag, or the argument of the same name, is deprecated.

    A `FutureWarning` is what Python shows to those who use a program, on the command line and in notebooks.

    Args:
      name: of the flag.
      successor: what is written in its place on the command line.
      removed: the version that removes it.

    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     deprecated("--tensorboard", "--track tensorboard", removed="0.3")
    >>> str(caught[0].message)
    '--tensorboard is deprecated and will be removed in jgan 0.3; use --track tensorboard.'
    """
    warnings.warn(
        f"{name} is deprecated and will be removed in jgan {removed}; use {successor}.",
        FutureWarning,
        stacklevel=4,
    )
