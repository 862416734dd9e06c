"""The history of a population: its rows of metrics and what was measured of its members on the way."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jgan.files import write_atomically
from jgan.runs.logs import append, read_rows
from jgan.sweeps.population import Population, member
from jgan.training.experiment import Trained


class RowLog:
    """JSON rows, each with its ``"step"``, in a file that only grows.

    It is opened at the step that a population goes on from: rows after it, and a line that a kill left half
    written, are taken back.
    """

    def __init__(self, file: Path, until: int) -> None:
        self._file = file
        self.rows: list[dict[str, Any]] = read_rows(file, until)
        write_atomically(file, "".join(json.dumps(row) + "\n" for row in self.rows))

    def append(self, row: dict[str, Any]) -> None:
        """Add a row.

        Raises:
          UserError: if it cannot be written.
        """
        self.rows.append(row)
        append(self._file, json.dumps(row) + "\n")


class PopulationHistory:
    """Rows of metrics, each a list over the members, and rows of measures, one for each member and mark.

    Args:
      log: file of the metrics.
      measured: file of the measures.
      until: the step that the population goes on from.
    """

    def __init__(self, log: Path, measured: Path, until: int) -> None:
        self._log, self._measured = RowLog(log, until), RowLog(measured, until)

    def log(self, row: dict[str, Any]) -> None:
        """Add a row of metrics."""
        self._log.append(row)

    def history(self, index: int) -> list[dict[str, Any]]:
        """The metrics of one member."""
        return [of_member(row, index) for row in self._log.rows]

    def measures(self, index: int) -> list[dict[str, float]]:
        """What was measured of one member, each time with its ``"step"``."""
        own = (row for row in self._measured.rows if row["member"] == index)
        return [{name: value for name, value in row.items() if name != "member"} for row in own]

    def measure(
        self,
        made: Population,
        states: Any,
        step: int,
        members: int,
        measures: Callable[[int, Trained], Mapping[str, float]],
        stop: Callable[[], bool],
    ) -> bool:
        """Measure every member that has not diverged and was not yet measured at ``step``.

        Args:
          made: the population.
          states: its states.
          step: theirs.
          members: how many.
          measures: ``(index of the member, Trained) -> values by name``.
          stop: asked after each member.

        Returns:
          False if ``stop`` was true.
        """
        done = {row["member"] for row in self._measured.rows if row["step"] == step}
        for index in range(members):
            history = self.history(index)
            if index in done or diverged(history) is not None:
                continue
            found = measures(index, Trained(made.experiment, member(states, index), history))
            row = {name: float(value) for name, value in found.items()}
            self._measured.append({"step": step, "member": index, **row})
            if stop():
                return False
        return True


def of_member(row: Mapping[str, Any], index: int) -> dict[str, Any]:
    """One member's values of a row of metrics, whose step all members share."""
    return {name: value if name == "step" else value[index] for name, value in row.items()}


def diverged(history: list[dict[str, Any]]) -> int | None:
    """The step of the first row that is not finite, if there is one."""
    return next((int(row["step"]) for row in history if not all(map(finite, row.values()))), None)


def finite(value: Any) -> bool:
    """Whether a metric is a number, and neither NaN nor infinite."""
    return value is not None and math.isfinite(value)
