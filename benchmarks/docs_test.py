"""Run every command line and every Python block of README.md and docs/*.md.

    make docs-test                                # or python -m benchmarks.docs_test
    python -m benchmarks.docs_test README.md      # of these pages only
    python -m benchmarks.docs_test --again        # also what is kept as right

The commands of a block run one after the other in a folder of their own, which holds what the documents' names
stand for (PHOTOS, PHOTO.jpg, FILE.npz, ...). Trainings are shortened, and a run that a command reads and
nothing in the block has trained is trained before. What cannot run on any machine is in the table of
`benchmarks._docs.rules`, each pattern with its reason; everything else must end with code 0.

The result is benchmarks/results/docs-test.json. It is written after each command, and what it holds of the same
text and the same code is not run again, so an interrupted call goes on where it stopped.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._docs.fixtures import write_fixtures
from benchmarks._docs.pages import Item, experiment_files, items
from benchmarks._docs.rules import (
    PREPARED,
    filled,
    reason_not_to_run,
    runs_loaded,
    runs_read,
    shortened,
)
from benchmarks._workers.report import commit, machine
from jgan.files import parse_json, write_atomically
from jgan.training.experiment_files import shipped_experiments
from jgan.versions import versions

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "docs-test.json"
LONGEST = 1200
"""Seconds after which a command has failed."""
Entry = dict[str, Any]


class Done(NamedTuple):
    """How a command ended: its exit code and the end of what it printed."""

    code: int
    said: str


def main(words: Sequence[str] | None = None) -> int:
    """Run the whole; exit code 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "pages", nargs="*", type=Path, help="Pages (default: README.md and docs/*.md)."
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="File of the result.")
    parser.add_argument("--again", action="store_true", help="Run what is kept as right, too.")
    options = parser.parse_args(words)
    pages = options.pages or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    record = Record(options.out, again=options.again)
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            run_page(page.resolve(), Path(folder), record)
    record.finish([name_of(page.resolve()) for page in pages] if not options.pages else None)
    failed = record.failed()
    print(f"{len(failed)} failed; wrote {options.out}" if failed else f"wrote {options.out}")
    return 1 if failed else 0


class Record:
    """The kept result: entries by page and text.

    Args:
      path: of the JSON file.
      again: whether to take nothing from it.
    """

    def __init__(self, path: Path, *, again: bool = False) -> None:
        self._path = path
        self._code = code_hash()
        kept = parse_json(path.read_text()) if path.exists() and not again else {"entries": []}
        self._entries = {
            (entry["page"], entry["text"], entry["repeat"]): entry for entry in kept["entries"]
        }
        self._now: set[tuple[str, str, int]] = set()

    def is_done(self, page: str, item: Item) -> bool:
        """Whether the result of something is kept and still of this code."""
        key = (page, item.text, item.repeat)
        entry = self._entries.get(key, {})
        done = bool(entry.get("ok")) and entry.get("code") == self._code
        if done:
            entry["line"] = item.line
            self._now.add(key)
        return done

    def add(self, page: str, item: Item, **found: Any) -> None:
        """Keep a result, and show it in a line."""
        date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        key = (page, item.text, item.repeat)
        entry = {"page": page, "line": item.line, "text": item.text, "repeat": item.repeat, **found}
        if "ok" in found:
            entry |= {"date": date, "code": self._code}
        self._entries[key] = entry
        self._now.add(key)
        self._write()
        word = "-" if "reason" in found else "ok" if found["ok"] else "FAILED"
        rest = found.get("reason") or f"{found['seconds']} s"
        print(f"{word:<7} {page}:{item.line} {_first_line(item.text)} ({rest})", flush=True)
        if found.get("error"):
            print(found["error"], flush=True)

    def finish(self, pages: Sequence[str] | None) -> None:
        """Drop the results of texts that are no longer on the pages, or on any if these are all."""
        if pages is not None:
            self._entries = {key: self._entries[key] for key in self._entries if key in self._now}
        self._write()

    def failed(self) -> list[Entry]:
        """The entries that are not right."""
        return [entry for entry in self._entries.values() if entry.get("ok") is False]

    def _write(self) -> None:
        entries = sorted(self._entries.values(), key=lambda entry: (entry["page"], entry["line"]))
        found = {
            "commit": commit(),
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "machine": machine(),
            "versions": versions(),
            "failed": len(self.failed()),
            "entries": entries,
        }
        write_atomically(self._path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def run_page(page: Path, folder: Path, record: Record) -> None:
    """Run all of a page."""
    name, text = name_of(page), page.read_text()
    found = items(text)
    blocks = [item for item in found if item.kind == "python"]
    if any(not record.is_done(name, item) for item in blocks):
        run_python(page, blocks, work_folder(folder, text), record)
    others = [item for item in found if item.kind != "python"]
    for _, group in groupby(others, key=lambda item: item.block):
        run_block(name, text, list(group), folder, record)


def run_python(page: Path, blocks: Sequence[Item], work: Path, record: Record) -> None:
    """Run the Python blocks of a page, which share their names, in one process."""
    words = [sys.executable, "-m", "benchmarks._docs.python_blocks", str(page)]
    for run_directory in runs_loaded("\n".join(item.text for item in blocks)):
        prepare(run_directory, work, work.parent)
    began = time.perf_counter()
    done = run(words, work)
    seconds = round(time.perf_counter() - began, 1)
    for item in blocks:
        error = {"error": done.said} if done.code else {}
        record.add(name_of(page), item, ok=not done.code, seconds=seconds, **error)


def run_block(page: str, text: str, block: Sequence[Item], folder: Path, record: Record) -> None:
    """Run the command lines of a block in a folder of their own."""
    reasons = {item: reason_not_to_run(item.text) for item in block}
    for item, reason in reasons.items():
        if reason is not None:
            record.add(page, item, reason=reason)
    runnable = [item for item, reason in reasons.items() if reason is None]
    if not [item for item in runnable if not record.is_done(page, item)]:
        return
    work, own = work_folder(folder, text), next(iter(experiment_files(text)), None)
    for item in runnable:
        command, codes = shortened(filled(item.text, own), own)
        try:
            for run_directory in runs_read(command):
                prepare(run_directory, work, folder)
        except RuntimeError as error:
            record.add(page, item, ok=False, seconds=0.0, error=str(error))
            continue
        began = time.perf_counter()
        done = run(["bash", "-e", "-c", command], work)
        ok = done.code in codes and "Traceback (most recent call last)" not in done.said
        found: Entry = {"ok": ok, "seconds": round(time.perf_counter() - began, 1)}
        found |= {} if command == item.text else {"ran": command}
        found |= {"exit": done.code} if done.code else {}
        record.add(page, item, **found, **({} if ok else {"error": done.said}))


def work_folder(folder: Path, page: str) -> Path:
    """A new folder with the fixtures and the experiment files that the page shows."""
    work = Path(tempfile.mkdtemp(dir=folder))
    write_fixtures(work, ROOT)
    for name, text in experiment_files(page).items():
        (work / name).write_text(text)
    return work


def prepare(run_directory: str, work: Path, folder: Path) -> None:
    """See to it that a run is in a working folder: as a copy of one that is trained once for all pages.

    Raises:
      RuntimeError: if its name is that of no experiment, or its training fails.
    """
    if (work / run_directory).exists():
        return
    stem, _, seed = Path(run_directory).name.partition("-")
    if (work / f"{stem}.py").is_file():  # of the page
        _train(f"{stem}.py --out {run_directory}", work)
        return
    kept = folder / "prepared"
    if not (kept / run_directory).exists():
        if stem not in shipped_experiments():
            raise RuntimeError(
                f"nothing on the page trains {run_directory}, and no experiment is {stem!r}"
            )
        kept.mkdir(exist_ok=True)
        words = f"{stem} --steps 20 --seed {seed or 0} --out {run_directory} "
        _train(words + PREPARED.get(stem, ""), kept)
    shutil.copytree(kept / run_directory, work / run_directory)


def _train(words: str, folder: Path) -> None:
    done = run(["bash", "-c", f"jgan train {words}"], folder)
    if done.code:
        raise RuntimeError(f"jgan train {words} ended with code {done.code}:\n{done.said}")


def run(words: Sequence[str], folder: Path) -> Done:
    """Run a program in a folder, with this Python's `jgan` and the checkout's packages."""
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return Done(124, f"not done after {LONGEST} s")
    return Done(done.returncode, (done.stdout + done.stderr).strip()[-2000:])


def environment(env: Mapping[str, str]) -> dict[str, str]:
    """The variables of a program that is run."""
    path = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", "")])
    return {**env, "PATH": path, "PYTHONPATH": str(ROOT)}


def name_of(page: Path) -> str:
    """A page's path in the checkout."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def code_hash() -> str:
    """A hash of all code that documents can run, and of how they are run."""
    found = hashlib.sha256()
    for folder in ("jgan", "experiments", "benchmarks/_docs"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def _first_line(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line if len(line) <= 90 else line[:89] + "…"


if __name__ == "__main__":
    sys.exit(main())
