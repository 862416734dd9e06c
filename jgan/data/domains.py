"""Sources of several domains: paired pictures in one table, unpaired ones in a table each."""

from collections.abc import Mapping
from typing import Any

import jax

from jgan.data.augment import Augment
from jgan.data.order import number_of
from jgan.data.source import Source


def unpaired(
    domains: Mapping[str, Source],
    *,
    name: str | None = None,
    example: str | tuple[str, ...] | None = None,
) -> Source:
    """Return a source of domains whose examples do not correspond, as CycleGAN is trained on.

    Each domain is a table of its own: its length and its order do not depend on the others. Its
    example becomes a field with the domain's name, and its other fields get the name in front,
    such as ``photo_label``. Augmentations stay those of the domains, each with its own random numbers.

    Args:
        domains: a source of one table for each domain, by the domain's name.
        name: the source's name; by default those of the domains' sources, joined by "+".
        example: the fields that a generator makes; by default those of all domains.

    Returns:
        The source.

    Raises:
        ValueError: if there is no domain, two fields get one name, or a domain has several tables or
            an example of several fields.

    Example:
        >>> import numpy as np
        >>> photos = Source({"image": np.zeros((3, 8, 8, 3), np.uint8)}, "photos")
        >>> drawings = Source({"image": np.zeros((4, 8, 8, 1), np.uint8)}, "drawings")
        >>> unpaired({"photo": photos, "drawing": drawings}, example="drawing").describe()
        'photos+drawings: 3 examples of photo; photo uint8 (8, 8, 3); 4 examples of drawing;
         drawing uint8 (8, 8, 1); an example is drawing'
    """
    tables = {domain: tuple(_names(domain, own).values()) for domain, own in domains.items()}
    return _joined(domains, name, example, tables, alike=False)


def paired(
    domains: Mapping[str, Source],
    *,
    name: str | None = None,
    example: str | tuple[str, ...] | None = None,
) -> Source:
    """Return a source of domains whose examples correspond, as pix2pix is trained on.

    The i-th examples of all domains are one row. Names of fields are those of `unpaired`.
    Augmentations get the same random numbers, so that equal ones move all pictures of a row alike.

    Args:
        domains: sources of equal size, by the domain's name.
        name: the source's name; by default those of the domains' sources, joined by "+".
        example: the fields that a generator makes; by default those of all domains.

    Returns:
        The source.

    Raises:
        ValueError: as `unpaired`; if sizes differ; or if some domains are augmented and others not.
    """
    sizes = {domain: own.size for domain, own in domains.items()}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{domain} {size}" for domain, size in sizes.items())
        raise ValueError(f"paired domains must have equally many examples, but there are {found}.")
    augmented = [domain for domain, own in domains.items() if own.augment is not None]
    if augmented and len(augmented) < len(domains):
        raise ValueError(
            f"of the paired domains {', '.join(domains)}, only {', '.join(augmented)} is augmented; "
            "all must be, and alike."
        )
    return _joined(domains, name, example, {}, alike=True)


def _names(domain: str, own: Source) -> dict[str, str]:
    """The joined source's name of each field of a domain."""
    if len(own.sizes) > 1 or not isinstance(own.example, str):
        raise ValueError(
            f"the source {own.name!r} of domain {domain!r} must have one table and an example of one field."
        )
    return {name: domain if name == own.example else f"{domain}_{name}" for name in own.arrays}


def _joined(
    domains: Mapping[str, Source],
    name: str | None,
    example: str | tuple[str, ...] | None,
    tables: Mapping[str, tuple[str, ...]],
    alike: bool,
) -> Source:
    if not domains:
        raise ValueError("there are no domains; give a source for at least 1.")
    arrays: dict[str, Any] = {}
    for domain, own in domains.items():
        for old, new in _names(domain, own).items():
            if new in arrays:
                raise ValueError(
                    f"two fields of the domains {', '.join(domains)} would be {new!r}."
                )
            arrays[new] = own.arrays[old]
    if example is None:
        example = tuple(domains) if len(domains) > 1 else next(iter(domains))
    return Source(
        arrays,
        name or "+".join(own.name for own in domains.values()),
        augment=_augment(domains, alike),
        tables=tables,
        example=example,
        notes=tuple(f"{domain}: {note}" for domain, own in domains.items() for note in own.notes),
    )


def _augment(domains: Mapping[str, Source], alike: bool) -> Augment | None:
    augments = {domain: own.augment for domain, own in domains.items() if own.augment is not None}
    if not augments:
        return None
    names = {domain: _names(domain, domains[domain]) for domain in augments}

    def augment(key: jax.Array, batch: dict[str, Any]) -> dict[str, Any]:
        moved = dict(batch)
        for domain, own in augments.items():
            own_key = key if alike else jax.random.fold_in(key, number_of(domain))
            fields = own(own_key, {old: batch[new] for old, new in names[domain].items()})
            moved |= {names[domain][old]: values for old, values in fields.items()}
        return moved

    return augment
