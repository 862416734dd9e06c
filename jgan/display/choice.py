"""Which display suits a stream: a notebook's bar, a live line, plain lines or nothing."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

from jgan.display.displays import Display, Lines

NOTEBOOK_COLUMNS = 100
"""Characters of a line below a notebook's cell, where its width is not known."""


def choose_display(stream: TextIO, quiet: bool = False) -> Display:
    """The display for a stream; a quiet one shows warnings only."""
    if quiet:
        return Display()
    kind = kind_of(stream, os.environ, sys.modules)
    if kind == "lines":
        return Lines(stream)
    from jgan.display.bars import Bars  # tqdm takes a tenth of a second

    if kind == "terminal":
        return Bars(stream)
    if kind == "text":
        return Bars(stream, columns=NOTEBOOK_COLUMNS)
    from tqdm.notebook import tqdm_notebook  # an import that needs ipywidgets

    return Bars(stream, tqdm_notebook, NOTEBOOK_COLUMNS)


def kind_of(stream: TextIO, environment: Mapping[str, str], modules: Mapping[str, Any]) -> str:
    """What can be shown on a stream.

    Args:
      stream: that is written to.
      environment: variables of the process, of which ``TERM`` matters.
      modules: that are imported, by name; among them is IPython in a notebook.

    Returns:
      ``"notebook"`` for a notebook with ipywidgets, ``"text"`` for one without, whose cells know the carriage
      return, ``"terminal"``, or ``"lines"`` for all else.
    """
    if _is_notebook(modules):
        return "notebook" if importlib.util.find_spec("ipywidgets") else "text"
    if stream.isatty() and environment.get("TERM", "dumb" if os.name == "posix" else "") != "dumb":
        return "terminal"
    return "lines"


def _is_notebook(modules: Mapping[str, Any]) -> bool:
    """Whether this process is the kernel of a notebook."""
    get_ipython = getattr(modules.get("IPython"), "get_ipython", lambda: None)
    shell = get_ipython()
    return shell is not None and "IPKernelApp" in shell.config
