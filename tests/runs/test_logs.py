import csv
import io
import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event, SessionLog

from jgan.errors import UserError
from jgan.runs.logs import Csv, JsonLines, Log, Logs, read_rows
from jgan.runs.run import RunDirectory
from jgan.runs.trackers.tensorboard import TensorBoard
from jgan.sweeps.records import Record, read_records

PIXELS = np.arange(4 * 6, dtype=np.uint8).reshape(4, 6, 1)


def row_of(step: int) -> dict[str, float]:
    late = {"evaluation/distance, cm": 1 / 7} if step >= 4 else {}
    return {"step": step, "generator/loss": step / 3, **late}


def events(folder: Path) -> list[Event]:
    """The events of all files in the order in which TensorBoard reads them."""
    found = []
    for file in sorted(folder.iterdir()):
        data = file.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            found.append(Event.FromString(data[12 : 12 + length]))
            data = data[16 + length :]
    return found


def scalars(found: list[Event]) -> list[tuple[int, str, float]]:
    return [
        (event.step, value.tag, value.simple_value)
        for event in found
        for value in event.summary.value
        if value.HasField("simple_value")
    ]


@pytest.mark.parametrize("kind", [JsonLines, Csv])
@pytest.mark.parametrize("killed_at", [0, 2, 3, 5])
def test_a_killed_and_resumed_file_is_that_of_an_uninterrupted_run(
    kind: type[JsonLines] | type[Csv], killed_at: int, tmp_path: Path
) -> None:
    whole = kind(tmp_path / "whole")
    for step in range(1, 7):
        whole.row(row_of(step))
    killed = kind(tmp_path / "killed")
    for step in range(1, 6):
        killed.row(row_of(step))
    # The process died while writing the row of step 6.
    line = (tmp_path / "whole").read_text().splitlines()[-1]
    with open(tmp_path / "killed", "a") as file:
        file.write(line[:-2])
    resumed = kind(tmp_path / "killed", until=killed_at)
    for step in range(killed_at + 1, 7):
        resumed.row(row_of(step))
    assert (tmp_path / "killed").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_line_that_is_whole_but_for_its_end_is_dropped(tmp_path: Path) -> None:
    for kind in (JsonLines, Csv):
        path = tmp_path / kind.__name__
        log = kind(path)
        log.row({"step": 1, "loss": 0.25})
        log.row({"step": 2, "loss": 0.125})
        before = path.read_text()
        path.write_text(before[:-1])
        kind(path, until=2).row({"step": 2, "loss": 0.125})
        assert path.read_text() == before


def test_json_lines_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = JsonLines(path)
    log.row({"step": 1, "loss": 0.1})
    log.row({"step": 2, "loss": math.nan})
    assert [json.loads(line)["loss"] for line in path.read_text().splitlines()] == [0.1, None]
    first, second = read_rows(path)
    assert first == {"step": 1, "loss": 0.1}
    assert math.isnan(second["loss"])
    assert read_rows(path, until=1) == [first]
    assert read_rows(tmp_path / "none") == []


def test_a_table_grows_columns(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    log = Csv(path)
    rows: list[dict[str, float]] = [
        {"step": 10, "b": 1.5},
        {"b": 2.5, "a, quoted": 1e-9, "step": 20},
        {"step": 30, "c": math.inf, "b": math.nan},
    ]
    for row in rows:
        log.row(row)
    with open(path, newline="") as file:
        table = list(csv.reader(file))
    assert table == [
        ["step", "b", "a, quoted", "c"],
        ["10", "1.5", "", ""],
        ["20", "2.5", "1e-09", ""],
        ["30", "nan", "", "inf"],
    ]


def test_numbers_of_a_table_are_exact(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=50)
    log = Csv(tmp_path / "x.csv")
    for step, value in enumerate(values):
        log.row({"step": step, "x": float(value)})
    read = np.loadtxt(tmp_path / "x.csv", delimiter=",", skiprows=1)[:, 1]
    np.testing.assert_array_equal(read, values)


def test_another_file_is_not_taken_for_a_table(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("name,age\nAda,36\n")
    with pytest.raises(UserError, match=r"x.csv' is not a table of metrics"):
        Csv(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "name,age\nAda,36\n"


@pytest.mark.parametrize("kind", [JsonLines, Csv])
def test_a_file_that_cannot_be_written(kind: type[JsonLines] | type[Csv], tmp_path: Path) -> None:
    log = kind(tmp_path / "folder" / "x")
    with pytest.raises(UserError, match="cannot be written: No such file or directory"):
        log.row({"step": 1})


def test_tensorboard_reads_back(tmp_path: Path) -> None:
    log = TensorBoard(tmp_path / "tb")
    for step in (50, 100):
        log.row({"step": step, "generator/loss": step / 8, "discriminator/accuracy": 0.5})
    log.picture("samples", 100, PIXELS)
    log.picture("colour", 100, np.repeat(PIXELS, 3, axis=2))
    log.close()
    found = events(tmp_path / "tb")
    assert scalars(found) == [
        (50, "generator/loss", 6.25),
        (50, "discriminator/accuracy", 0.5),
        (100, "generator/loss", 12.5),
        (100, "discriminator/accuracy", 0.5),
    ]
    pictures = [
        (event.step, value.tag, value.image)
        for event in found
        for value in event.summary.value
        if value.HasField("image")
    ]
    assert [(step, tag) for step, tag, _ in pictures] == [(100, "samples"), (100, "colour")]
    for _, _, image in pictures:
        assert (image.height, image.width) == (4, 6)
        with Image.open(io.BytesIO(image.encoded_image_string)) as file:
            np.testing.assert_array_equal(np.asarray(file.convert("L")), PIXELS[..., 0])


def test_a_resumed_tensorboard_forgets_what_came_after(tmp_path: Path) -> None:
    first = TensorBoard(tmp_path)
    for step in (1, 2, 3):
        first.row({"step": step, "loss": 1.0})
    first.close()
    again = TensorBoard(tmp_path, until=2)
    again.row({"step": 3, "loss": 2.0})
    again.close()
    shown: list[tuple[int, str, float]] = []
    for event in events(tmp_path):
        # TensorBoard's rule: a start of a session at step s expires what came before it from s on.
        if event.session_log.status == SessionLog.START:
            shown = [entry for entry in shown if entry[0] < event.step]
        shown += scalars([event])
    assert shown == [(1, "loss", 1.0), (2, "loss", 1.0), (3, "loss", 2.0)]


def test_several_logs_as_one(tmp_path: Path) -> None:
    parts: list[Log] = [JsonLines(tmp_path / "a"), Csv(tmp_path / "b"), TensorBoard(tmp_path / "c")]
    logs = Logs(parts)
    logs.row({"step": 1, "loss": 0.5})
    logs.picture("samples", 1, PIXELS)
    logs.close()
    assert (tmp_path / "a").read_text() == '{"step": 1, "loss": 0.5}\n'
    assert (tmp_path / "b").read_text() == "step,loss\n1,0.5\n"
    assert scalars(events(tmp_path / "c")) == [(1, "loss", 0.5)]


@pytest.mark.parametrize(
    "line", ["[1]", "3", '{"loss": 1}', '{"step": 1, "loss": {}}', '{"step": 1e400}', "[" * 100_000]
)
def test_reading_ends_where_somebody_else_wrote(line: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"step": 1, "loss": [1, null]}}\n{line}\n{{"step": 2}}\n')
    assert [row["step"] for row in read_rows(path)] == [1]


@pytest.mark.parametrize(
    "text", ["[]", "3", '{"step": 1}', '{"step": 1, "score": "x"}', "[" * 100_000]
)
def test_a_best_score_that_somebody_else_wrote_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "best.json").write_text(text)
    with RunDirectory(tmp_path) as run:
        assert run.best() is None


@pytest.mark.parametrize(
    "stored",
    [
        [{}],
        [1],
        {"a": 1},
        [{"setting": [], "seed": 0, "diverged": None, "measures": {}, "metrics": {}}],
        [{"setting": {}, "seed": 0, "diverged": None, "measures": {"w1": "x"}, "metrics": {}}],
        [
            {
                "setting": {},
                "seed": 0,
                "diverged": None,
                "measures": {},
                "metrics": {},
                "course": [{}],
            }
        ],
    ],
)
def test_what_is_no_record_of_a_sweep_is_damaged(stored: object, tmp_path: Path) -> None:
    file = tmp_path / "0000.json"
    file.write_text(json.dumps(stored))
    assert read_records(file) is None


def test_records_keep_their_names_in_files(tmp_path: Path) -> None:
    file = tmp_path / "0000.json"
    record = Record({"lr": 0.1}, 0, None, {"score": 2.0}, {}, [{"step": 4, "score": 2.0}])
    content = record.as_json()
    assert list(content) == ["setting", "seed", "diverged", "measures", "metrics", "course"]
    assert content["course"] == record.learning_curve
    file.write_text(json.dumps([content]))
    assert read_records(file) == [record]
