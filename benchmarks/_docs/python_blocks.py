"""Run the Python blocks of a page one after the other in one namespace.

    python -m benchmarks._docs.python_blocks PAGE

A block with prompts is a doctest, whose output must be what the page shows.
"""

import doctest
import re
import sys
from pathlib import Path
from typing import Any

from benchmarks._docs.pages import items

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def main(words: list[str]) -> int:
    """Exit code 1 if a doctest fails; what another block raises ends the process with its trace."""
    page = Path(words[0])
    text = page.read_text()
    names: dict[str, Any] = {"__name__": "__page__"}
    failed = 0
    for item in items(text):
        if item.kind != "python":
            continue
        if re.search(r"^>>> ", item.text, re.MULTILINE):
            failed += _as_doctest(item.text, names, f"{page.name}:{item.line}", item.line)
        else:
            # Lines are counted as on the page, so that a trace names them.
            code = compile("\n" * (item.line - 1) + item.text, str(page), "exec")
            exec(code, names)
    return 1 if failed else 0


def _as_doctest(text: str, names: dict[str, Any], name: str, line: int) -> int:
    test = doctest.DocTestParser().get_doctest(text, names, name, name, line)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(test, clear_globs=False)
    names.update(test.globs)
    return runner.failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
