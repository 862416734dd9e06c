"""What a data set is, as JSON: its fields, classes and numbers, and a fingerprint of its content.

A run keeps this, so that it does not go on, and is not evaluated, on other data without a word.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from jgan.data.registry import LoadArguments, absolute, in_files, size_and_options
from jgan.data.source import Source
from jgan.errors import UserError

WHOLE_BYTES = 2**25
"""Fields of at most so many bytes (32 MiB) are fingerprinted whole."""
SAMPLED_ROWS = 256
"""Of larger ones so many rows are, at equal distances from the first to the last."""
_ARGUMENT_NAMES = ("name", "split", "size", "seed", "image_size", "channels")
_TOLERANCE = 1e-3


def identity(
    source: Source, loaded: Mapping[LoadArguments, Source] | None = None
) -> dict[str, Any]:
    """Describe a source as JSON.

    The fingerprint of a field is the SHA-256 of its bytes, as the source holds them, up to 32 MiB. Of a larger
    field it is that of 256 rows at equal distances: enough to tell one data set from another, not to find a
    single altered picture. Data that are drawn from a known distribution have none, since another kind of
    device draws them with other last digits; they are told by their range.

    Args:
        source: what is described.
        loaded: what `jgan.data.load` returned on the way to it, by what it was asked for.

    Returns:
        ``name``, ``examples`` (a number, or one for each table), ``example``, ``fields`` (for each ``dtype``,
        ``shape`` of one example, ``range``, ``sha256``, and ``rows`` if only so many are in the last two),
        ``classes`` (``names``, if they are known, and ``counts``) and, where they help to make the source
        without its data, ``loaded``, the arguments of ``load``, or ``parts``, sources that it was made of.
    """
    one = len(source.tables) < 2
    found: dict[str, Any] = {
        "name": source.name,
        "examples": source.size if one else source.sizes,
        "example": source.example if isinstance(source.example, str) else list(source.example),
        "fields": {
            name: _field(values, source.density is None) for name, values in source.arrays.items()
        },
    }
    if not one:
        found["tables"] = {table: list(own) for table, own in source.fields_of_tables.items()}
    if source.num_classes:
        label = np.asarray(source.arrays["label"])
        counts = np.bincount(label[label >= 0], minlength=source.num_classes)
        names = list(source.classes)
        found["classes"] = {"names": names} if names else {}
        found["classes"]["counts"] = counts.tolist()
    files = {arguments: own for arguments, own in (loaded or {}).items() if in_files(arguments[0])}
    for arguments, own in files.items():
        if own is source:
            found["loaded"] = _as_json(arguments)
    if files and "loaded" not in found:
        found["parts"] = [identity(own, {arguments: own}) for arguments, own in files.items()]
    return found


def loaded_from(described: Any) -> dict[LoadArguments, dict[str, Any]]:
    """The descriptions of what was loaded in those of a run's stages, by what `load` was asked for."""
    found: dict[LoadArguments, dict[str, Any]] = {}
    for one in described if isinstance(described, list) else [described]:
        if "loaded" in one:
            values = [one["loaded"].get(name) for name in _ARGUMENT_NAMES]
            key: Any = tuple(tuple(v) if isinstance(v, list) else v for v in values)
            found[key] = one
        found |= loaded_from(one.get("parts", []))
    return found


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What differs between two descriptions by `identity`, in words: ``"X, not Y"``, now and before.

    Name and place do not count. None if nothing differs.

    Example:
        >>> one = identity(Source({"image": np.zeros((5, 2), np.float32)}))
        >>> two = identity(Source({"image": np.ones((5, 3), np.float32)}))
        >>> difference(one, one), difference(one, two)
        (None, "(3,) as the shape of 'image', not (2,)")
    """
    fields, others = now["fields"], before["fields"]
    if list(fields) != list(others):
        return f"the fields {', '.join(fields)}, not {', '.join(others)}"
    for name, field in fields.items():
        for what in ("shape", "dtype"):
            if field[what] != others[name][what]:
                differing = [
                    tuple(v) if what == "shape" else v for v in (field[what], others[name][what])
                ]
                return f"{differing[0]} as the {what} of {name!r}, not {differing[1]}"
    for words in (_classes, _counted):
        if words(before) != words(now):
            return f"{words(now)}, not {words(before)}"
    for name, field in fields.items():
        old, new = (one.get("sha256", "") for one in (others[name], field))
        if old and new:
            if old != new:
                return f"other values in the field {name!r} (sha256 {new[:12]}, not {old[:12]})"
            continue
        ranges = others[name]["range"], field["range"]
        if not np.allclose(*ranges, rtol=_TOLERANCE, atol=_TOLERANCE):
            was, are = (f"{low:g} to {high:g}" for low, high in ranges)
            return f"values from {are} in the field {name!r}, not from {was}"
    return None


def compare(
    who: str, before: Any, now: Any, instead: str = "go on with these by --accept-data"
) -> None:
    """Compare what a run keeps of its data with what they are now, stage by stage.

    Args:
        who: whose data they were, in words.
        before: a description by `identity`, or a list of those of several stages.
        now: likewise; stages that only one of them has are left out.
        instead: what else can be done, in words.

    Raises:
        UserError: naming the first difference.
    """
    both = [one if isinstance(one, list) else [one] for one in (before, now)]
    for number, (old, new) in enumerate(zip(*both, strict=False), 1):
        found = difference(old, new)
        if found is not None:
            stage = f" of stage {number}" if len(both[1]) > 1 else ""
            raise UserError(
                f"{who} was trained on other data: {new['name']!r}{stage} has {found}; give those that it was "
                f"trained on by --data, or {instead}."
            )


def same_place(before: Any, now: Any, described: Any) -> bool:
    """Whether two values of an experiment's argument name the same place, or two of data that are compared.

    Args:
        before: the value of an earlier start, perhaps with a relative path.
        now: the value of this one.
        described: what the earlier start kept of its data, None for nothing. Where the data were loaded by the
            name ``before``, they may have been moved: their content is compared, so only the size and the
            options behind the name must be the same.
    """
    if not (isinstance(before, str) and isinstance(now, str)):
        return bool(before == now)
    if before == now or absolute(before) == now:
        return True
    named = before in {name for name, *_ in loaded_from(described or [])}
    return named and in_files(now) and size_and_options(before) == size_and_options(now)


def resolved(
    arguments: Mapping[str, Any], loaded: Mapping[LoadArguments, Source]
) -> dict[str, Any]:
    """An experiment's arguments, and in them the names of data that it loads with absolute paths."""
    names = {name for name, *_ in loaded}

    def one(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(one(inner) for inner in value)
        return absolute(value) if isinstance(value, str) and value in names else value

    return {name: one(value) for name, value in arguments.items()}


def _field(values: Any, hashed: bool) -> dict[str, Any]:
    sampled = values.nbytes > WHOLE_BYTES and len(values) > SAMPLED_ROWS
    count = SAMPLED_ROWS if sampled else len(values)
    looked = np.asarray(values[np.linspace(0, len(values) - 1, count).astype(int)])
    found: dict[str, Any] = {
        "dtype": str(values.dtype),
        "shape": list(values.shape[1:]),
        "range": [looked.min().item(), looked.max().item()],
    }
    if hashed:
        found["sha256"] = hashlib.sha256(np.ascontiguousarray(looked).tobytes()).hexdigest()
    return found | ({"rows": count} if sampled else {})


def _as_json(arguments: LoadArguments) -> dict[str, Any]:
    entry = dict(zip(_ARGUMENT_NAMES, arguments, strict=True))
    entry["name"] = absolute(arguments[0])
    return {name: value for name, value in entry.items() if value is not None}


def _classes(described: Mapping[str, Any]) -> str:
    classes = described.get("classes")
    if classes is None:
        return "no classes"
    names = classes.get("names") or []
    return f"the classes {', '.join(names)}" if names else f"{len(classes['counts'])} classes"


def _counted(described: Mapping[str, Any]) -> str:
    examples = described["examples"]
    if isinstance(examples, dict):
        return " and ".join(f"{count} examples of {table}" for table, count in examples.items())
    return f"{examples} examples"
