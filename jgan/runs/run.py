"""A run directory: settings, metrics, sample grids and checkpoints of one training.

settings.json     everything that decides the result, what the data are, and the versions that made it
experiment.py     the experiment file as it was
metrics.jsonl     one row of metrics a line; metrics.csv is the same for spreadsheets
samples/          grids from fixed latents, one file a step; samples.png is the newest
checkpoints/      whole train states, by Orbax
best.json         step, value and protocol of the best evaluation, if there are evaluations
tensorboard/      the same rows and grids for TensorBoard, if asked for; other trackers have folders of theirs
"""

import fcntl
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import jax

from jgan.data.identity import compare, loaded_from, same_place
from jgan.data.stand_in import is_description
from jgan.errors import UserError
from jgan.files import make_folder, parse_json, write_atomically
from jgan.runs.other_versions import naming_version, other_version
from jgan.training.decisions import Decision, with_decisions
from jgan.versions import versions

FREE = (
    "experiment_sha256",
    "forked_from",
    "steps",
    "minutes",
    "stages",
    "score",
    "versions",
    "device",
    "data",
    "decided",
)
"""Settings that may differ when a run is continued; the first and the last have sentences of their own."""
GROWS = ("over", "trials", "search", "search_seed", "seeds", "at_once", "keep")
"""Settings of a sweep that may differ when it is given more members."""
GROWS_WITH_RUNGS = ("seeds", "at_once", "keep")
"""Those of one whose settings were compared with each other, among which others would have gone on."""
ANOTHER_RUN = "start a new run from it with --fork and another --out"
ANOTHER_SWEEP = "start another sweep with another --out"
NEEDED: dict[str, Any] = {"arguments": dict, "seed": int, "batch_size": (int, list), "steps": int}


def settings_of(
    experiment: str | Path,
    arguments: dict[str, Any],
    *,
    seed: int,
    batch_size: int | list[int],
    steps: int,
    stages: list[int] | None = None,
    data: Any = None,
    decisions: Sequence[Decision] = (),
) -> dict[str, Any]:
    """What decides a run's result, as JSON: the experiment file and its arguments, seed, sizes.

    Args:
      experiment: its file, or the name of one that no file is kept of.
      arguments: of its ``experiment`` function.
      seed: of the run.
      batch_size: of the stage, or a list of those of several.
      steps: of all stages together.
      stages: the steps with which they end, if there are several.
      data: what they are, by `jgan.runs.identities.identities`.
      decisions: of the experiment, which stand in place of arguments that were left to it.
    """
    name, digest = experiment, None
    if isinstance(experiment, Path):
        name = experiment.name
        digest = hashlib.sha256(experiment.read_bytes()).hexdigest()
    decided = [one.name for one in decisions if one.name in arguments]
    return {
        "experiment": name,
        "experiment_sha256": digest,
        # As they will be read: tuples become lists, and must equal those of an earlier start.
        "arguments": json.loads(json.dumps(with_decisions(arguments, decisions))),
        **({"decided": decided} if decided else {}),
        "seed": seed,
        "batch_size": batch_size,
        "steps": steps,
        **({} if stages is None else {"stages": stages}),
        **({} if data is None else {"data": data}),
        "versions": versions(),
        "device": f"{jax.device_count()} x {jax.devices()[0].device_kind}",
    }


class RunDirectory:
    """One run's directory, held by one process at a time; a context manager that lets go of it.

    Args:
      path: of the directory, which is made if it is not there.
      exclusive: whether to hold it; of several processes of one run only the leader does.

    Raises:
      UserError: if another process holds it, or it cannot be written.
    """

    def __init__(self, path: str | Path, exclusive: bool = True) -> None:
        self.path = make_folder(path)
        self.checkpoints = self.path / "checkpoints"
        self.metrics = self.path / "metrics.jsonl"
        self.table = self.path / "metrics.csv"
        self.samples = self.path / "samples"
        self._best = self.path / "best.json"
        self._lock: IO[str] | None = None
        if exclusive:
            self._hold()

    def _hold(self) -> None:
        try:
            self._lock = open(self.path / ".lock", "w")  # noqa: SIM115  held until the process ends
        except OSError as error:
            raise UserError(
                f"folder {str(self.path)!r} is not writable: {error.strerror}."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise UserError(
                f"run directory {str(self.path)!r} is in use by another process; choose another --out."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let another process have the directory."""
        if self._lock:
            self._lock.close()

    def made_by_other_version(self) -> str | None:
        """The version of jgan that made what the directory holds; None for this one or an empty directory."""
        if not has_begun(self.path) or not (self.path / "settings.json").is_file():
            return None
        return other_version(read_settings(self.path))

    def write_settings(
        self,
        settings: dict[str, Any],
        experiment: str | Path,
        fork: Path | None = None,
        from_run: Path | None = None,
        accept_data: bool = False,
        grows: Collection[str] = GROWS,
        joins: bool = False,
    ) -> None:
        """Write settings and experiment file, after comparing them with an earlier start of this run.

        A run may be continued with more steps, on other versions or devices, and its data may lie elsewhere;
        nothing else may differ. One that failed before its first checkpoint has nothing to continue, and may
        start with other settings.

        Args:
          settings: by `settings_of`.
          experiment: the experiment's file, or the name of one that no file is kept of.
          fork: the run that this one starts from, if any.
          from_run: the run that trained the earlier stages in place of this one, if any.
          accept_data: whether the data may be others than those of the earlier start, or of the run ``fork``.
          grows: settings of a sweep that may differ.
          joins: whether other processes are at work in the directory, whose settings hold though nothing may
            have been saved yet.

        Raises:
          UserError: naming the first setting that differs, or what differs in the data.
        """
        file = self.path / "settings.json"
        for flag, other in (("--fork", fork), ("--from", from_run)):
            if other is not None and other.resolve() == self.path.resolve():
                raise UserError(
                    f"{flag} is {str(other)!r}, the run directory itself; choose another --out for the new "
                    "run."
                )
        if fork is not None:
            settings = {**settings, "forked_from": str(fork)}
        if from_run is not None:
            settings = {**settings, "from": str(from_run.resolve())}
        if file.exists() and (joins or has_begun(self.path)):
            before = read_settings(self.path)
            instead = ANOTHER_SWEEP if "sweep" in settings else ANOTHER_RUN
            if "forked_from" in before:
                settings = {**settings, "forked_from": before["forked_from"]}
            if "from" in before:  # need not be given again, but cannot become another
                settings = {"from": before["from"], **settings}
            # A newer version of a file may have arguments that a run's settings do not know.
            _refuse_difference(
                self.path, "experiment", before.get("experiment"), settings["experiment"], instead
            )
            if before.get("experiment_sha256") != settings["experiment_sha256"]:
                with naming_version(other_version(before)):
                    raise UserError(
                        f"run directory {str(self.path)!r} was made with another version of the file "
                        f"{settings['experiment']!r}; restore it (a copy is in the run directory) to "
                        f"continue, or {instead}."
                    )
            for name in [name for name in {**before, **settings} if name not in FREE]:
                both = _of_common_stages(before.get(name), settings.get(name))
                if name == "sweep" and not joins:
                    both = _but_growth(*both, grows)
                if name == "arguments":
                    both = _but_places(*both, before.get("data"), accept_data)
                _refuse_difference(self.path, name, *both, instead)
            if not accept_data:
                _compare_data(
                    f"run directory {str(self.path)!r}",
                    before,
                    settings,
                    instead if "sweep" in settings else None,
                )
        elif fork is not None and not accept_data:
            _compare_data(f"run {str(fork)!r}", read_settings(fork), settings)
        if isinstance(experiment, Path):
            write_atomically(self.path / "experiment.py", experiment.read_bytes())
        write_atomically(file, json.dumps(settings, indent=2) + "\n")

    def best(self) -> dict[str, Any] | None:
        """Step, score and protocol of the best evaluation so far, None before the first."""
        return best_of(self.path)

    def write_best(self, best: dict[str, Any]) -> None:
        """Write step, score and protocol of the best evaluation."""
        write_atomically(self._best, json.dumps(best) + "\n")


def best_of(path: Path) -> dict[str, Any] | None:
    """Step, score and protocol of the best evaluation of the run in ``path``, None before the first."""
    try:
        best = parse_json((path / "best.json").read_text())
        whole = isinstance(best["step"], int) and isinstance(best["score"], int | float)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return best if whole else None


def decided_before(
    path: Path, arguments: Mapping[str, Any], given: Collection[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an earlier start of a run decided, for its next start, perhaps on another device.

    Args:
      path: the run directory.
      arguments: of the experiment function.
      given: the names of those that the user has given.

    Returns:
      The arguments, and the settings of the run; ``{}`` where there is no such run, or it decided nothing.
    """
    if not has_begun(path) or not (path / "settings.json").is_file():
        return dict(arguments), {}
    settings = read_settings(path)
    names = [name for name in settings.get("decided", ()) if name in arguments]
    kept = {name: settings["arguments"][name] for name in names if name not in given}
    return {**arguments, **kept}, settings if names else {}


def has_begun(path: Path) -> bool:
    """Whether there is anything to continue in a folder: checkpoints, or populations of a sweep."""
    kept: tuple[str, ...] = ("checkpoints/[0-9]*", "batches/*", "rungs/*/*.json")
    kept += ("current/*/[0-9]*", "current/*/*/[0-9]*", "rungs/*/states/*/[0-9]*")
    return any(any(path.glob(pattern)) for pattern in kept)


def _of_common_stages(before: Any, now: Any) -> tuple[Any, Any]:
    """A setting of two starts of a run, cut to the stages that both have if it has a value for each.

    Fewer steps may leave out stages, whose first is a single value when it is alone.
    """
    if not isinstance(before, list) and not isinstance(now, list):
        return before, now
    first, second = (value if isinstance(value, list) else [value] for value in (before, now))
    count = min(len(first), len(second))
    return first[:count], second[:count]


def _but_growth(before: Any, now: Any, grows: Collection[str]) -> tuple[Any, Any]:
    """What decides the numbers of a sweep's members, of two starts of it."""
    first, second = (
        {k: v for k, v in own.items() if k not in grows} if isinstance(own, dict) else own
        for own in (before, now)
    )
    return first, second


def _but_places(
    before: dict[str, Any], now: dict[str, Any], data: Any, other_data: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of two starts of a run, without names of data that are compared or accepted as they are."""
    names = {name for name, *_ in loaded_from(data or [])}
    equal = [
        name
        for name in before.keys() & now.keys()
        if same_place(before[name], now[name], data) or (other_data and before[name] in names)
    ]
    first, second = (
        {name: value for name, value in arguments.items() if name not in equal}
        for arguments in (before, now)
    )
    return first, second


def _compare_data(
    who: str, before: dict[str, Any], now: dict[str, Any], instead: str | None = None
) -> None:
    if "data" in before and "data" in now:  # not in runs of earlier versions
        compare(who, before["data"], now["data"], instead or "go on with these by --accept-data")


def _refuse_difference(path: Path, name: str, before: Any, now: Any, instead: str) -> None:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            _refuse_difference(path, key, before.get(key), now.get(key), instead)
    elif before != now:
        raise UserError(
            f"run directory {str(path)!r} was made with {name} = {before!r}, not {now!r}; "
            f"use the same value to continue it, or {instead}."
        )


def read_settings(path: str | Path) -> dict[str, Any]:
    """The settings of the run in ``path``.

    Raises:
      UserError: if it is not a run directory.
    """
    file = Path(path) / "settings.json"
    try:
        settings = parse_json(file.read_text())
    except OSError as error:
        raise UserError(
            f"{str(path)!r} is not a run directory: it has no settings.json."
        ) from error
    except ValueError as error:
        raise UserError(f"{str(file)!r} is not valid JSON: {error}.") from error
    with naming_version(other_version(settings)):
        _check_whole(file, settings)
    return settings


def _check_whole(file: Path, settings: Any) -> None:
    for name, kind in NEEDED.items():
        if not isinstance(settings, dict) or not isinstance(settings.get(name), kind):
            raise UserError(
                f"{str(file)!r} is damaged: it has no {name!r}; restore it or start a new run."
            )
    if not is_description(settings.get("data", [])):
        raise UserError(
            f"{str(file)!r} is damaged: its 'data' describe no data; restore it or start a new run."
        )
