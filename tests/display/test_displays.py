"""What a person sees: on terminals of several widths, on a dumb one, in a log and in a notebook."""

import io
import itertools
import re
import sys
import time
import types

import pytest
from helpers import Heard

from jgan import display
from jgan.display.bars import Bars, bar_format, wrapped
from jgan.display.choice import choose_display, kind_of
from jgan.display.current import shown_on
from jgan.display.displays import Display, Lines, Silent
from jgan.display.tasks import Task

FIELDS = ["G 0.693", "D 1.386", "score 3.417", "1 warning"]
DETAILS = ["gradients 1.2 and 0.34", "787 examples/s"]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


def halfway(clock, total=2000):
    task = Task("", total, "steps", clock=clock)
    clock.now += 20
    task.exclude(10.0)  # as compiling does
    task.update(100, FIELDS, DETAILS)
    return task


def test_speed_and_time_left_are_of_the_steps_without_preparations(clock):
    task = halfway(clock)
    assert (task.rate, task.left) == (10.0, 190.0)
    clock.now += 3  # within the next chunk
    assert (task.rate, task.left) == (10.0, 187.0)
    assert task.line()[:3] == ["100/2,000 steps", "3:07 left", "10 steps/s"]
    task.restart()
    assert task.rate is None
    clock.now += 4
    task.update(102)
    assert task.rate == 0.5
    assert task.line()[1:] == ["1:03:16 left", "2 s per step"]


def test_what_was_done_before_is_not_counted(clock):
    task = Task("", 10, "members", done=4, clock=clock)
    task.skip(2)
    clock.now += 2
    task.update(7.5)
    assert task.rate == 0.75
    assert task.count == "7/10 members"
    task.update(10)
    assert task.line() == ["10/10 members", "2 members/s", "in 0:02"]


@pytest.mark.parametrize("columns", [200, 120, 100, 80, 60, 40, 20, 10, 2])
def test_a_bar_has_the_fields_that_there_is_room_for(columns, clock):
    stream = Terminal()
    bars = Bars(stream, columns=columns, clock=clock)
    with bars.task("", 2000, "steps") as task:
        clock.now += 10
        task.update(100, FIELDS, DETAILS)
        bars.tick()
        shown = stream.getvalue().split("\r")[-1].rstrip()
    assert len(shown) < columns
    every = ["100/2,000 steps", "3:10 left", "10 steps/s", *FIELDS, *DETAILS]
    fields = [field for field in every if field in shown]
    assert fields == every[: len(fields)]
    assert len(fields) == {200: 9, 120: 8, 100: 7, 80: 6, 60: 5, 40: 3, 20: 1}.get(columns, 0)
    assert ("|" in shown) == (columns >= 100)


def test_braces_and_percents_are_text(clock):
    task = Task("a {b} 100 %", 10, "steps", clock=clock)
    layout, width = bar_format(task, [], 79)
    assert layout.format(bar="=", **{}) == "a {b} 100 % 0/10 steps  |=|  0:00"
    assert width <= 79


def test_the_innermost_task_is_shown_with_how_far_those_around_it_are(clock):
    stream = Terminal()
    bars = Bars(stream, columns=100, clock=clock)
    with bars.task("", 6, "trainings") as outer:
        outer.update(2)
        with bars.task("", 10, "steps"):
            clock.now += 5
            bars.tick()
            assert re.search(r"0/10 steps  \|.*\|  0:05  2/6 trainings$", stream.getvalue())
        bars.tick()
        assert "\r2/6 trainings  |" in stream.getvalue()
    bars.clear()
    assert stream.getvalue().split("\r")[-1] == ""


def test_what_is_said_stands_above_the_bar(clock):
    stream = Terminal()
    bars = Bars(stream, columns=40, clock=clock)
    with bars.task("waiting"):
        bars.say("a line that is too long for forty columns of a terminal")
        bars.warn("one")
    shown = [part.rstrip(" ") for part in re.split(r"[\r]", stream.getvalue())]
    assert "a line that is too long for forty\n    columns of a terminal\n" in shown
    assert "warning: one\n" in shown
    assert "\x1b" not in stream.getvalue()
    assert f"\r{' ' * 39}\ra line" in stream.getvalue()


def test_words_are_not_broken():
    assert wrapped("see runs/a-very-long-name/samples.png", 20) == (
        "see\n    runs/a-very-long-name/samples.png"
    )


def test_a_log_has_lines_at_growing_intervals_and_no_carriage_returns(clock):
    stream = io.StringIO()
    lines = Lines(stream, clock=clock)
    with lines.task("", 100_000, "steps", lasting=True) as task:
        for second in range(4000):
            clock.now += 1
            task.update(second + 1, ["G 0.5"])
            lines.tick()
    written = stream.getvalue().splitlines()
    assert written[0] == "10/100,000 steps  27:46:30 left  1 steps/s  G 0.5"
    steps = [int(line.split("/")[0].replace(",", "")) for line in written]
    assert steps[:11] == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]
    assert 30 < len(steps) < 60
    gaps = [later - step for step, later in itertools.pairwise(steps)]
    assert max(gaps) <= 400
    assert steps[-1] == 4000
    assert not set("\r\x1b") & set(stream.getvalue())


def test_a_log_names_what_is_announced_and_the_result_of_what_lasts(clock):
    stream = io.StringIO()
    lines = Lines(stream, clock=clock)
    with lines.task("compiling", note="usually 10 s", announced=True, lasting=True):
        clock.now += 12.4
    with lines.task("quick"):
        clock.now += 1
    with lines.task("slow"):
        clock.now += 11
        lines.tick()
    with pytest.raises(RuntimeError), lines.task("failing", lasting=True):
        raise RuntimeError
    assert stream.getvalue().splitlines() == [
        "compiling (usually 10 s)",
        "compiling: 12 s",
        "slow, 0:11",
    ]


def test_preparations_are_left_out_of_the_speed_of_what_they_are_for(clock):
    shown = Display(clock)
    with shown.task("", 10, "steps") as task:
        with shown.task("compiling", apart=True):
            clock.now += 30
        with shown.task("drawing"):
            clock.now += 1
        clock.now += 1
        task.update(4)
        assert task.rate == 2.0


def test_quiet_shows_warnings_and_results_only(capsys):
    with display.showing(sys.stdout, quiet=True):
        display.say("chatter")
        with display.task("compiling", announced=True, lasting=True):
            display.warn("beware")
        display.print_result("42")
    assert capsys.readouterr() == ("42\n", "warning: beware\n")


def test_without_a_display_nothing_is_shown_and_warnings_are_logged(capsys, caplog):
    display.say("chatter")
    display.warn("beware")
    assert display.seconds_shown() == 0
    assert capsys.readouterr().out == ""
    assert caplog.messages == ["warning: beware"]


def test_the_outermost_display_is_the_one():
    heard = Heard()
    with shown_on(heard), display.showing(io.StringIO()):
        display.say("a")
        with display.muted():
            display.say("b")
            display.warn("c")
            with display.task("", 3, "steps") as task:
                task.update(1)
        display.silence()
        display.say("d")
        with display.showing(io.StringIO()):
            display.say("e")
    assert heard.lines == ["a"]
    assert heard.updates[0][0] == "1/3 steps"


def test_time_passes_on_the_screen_without_updates():
    stream = io.StringIO()
    lines = Lines(stream)
    ticks = []
    lines.tick = lambda: ticks.append(1)
    with shown_on(lines):
        end = time.monotonic() + 20
        while not ticks and time.monotonic() < end:
            time.sleep(0.05)
    assert ticks


def test_a_stream_that_nobody_reads_ends_nothing():
    class Gone(Display):
        def tick(self):
            raise BrokenPipeError

    with shown_on(Gone()):
        display.say("a")


def test_which_display_suits_a_stream(monkeypatch):
    terminal, log = Terminal(), io.StringIO()
    kind = lambda stream, **environment: kind_of(stream, environment, {})
    assert kind(terminal, TERM="xterm") == "terminal"
    assert kind(terminal, TERM="dumb") == kind(terminal) == kind(log, TERM="xterm") == "lines"
    monkeypatch.setenv("TERM", "xterm")
    chosen = [type(choose_display(*words)) for words in ((terminal,), (log,), (terminal, True))]
    assert chosen == [Bars, Lines, Display]
    assert issubclass(Silent, Display)


def notebook(config):
    shell = types.SimpleNamespace(config=config)
    return {"IPython": types.SimpleNamespace(get_ipython=lambda: shell)}


def test_a_notebook_has_a_widget_only_with_ipywidgets(monkeypatch):
    kernel, plain = notebook({"IPKernelApp": {}}), notebook({"TerminalIPythonApp": {}})
    log = io.StringIO()
    assert kind_of(log, {}, plain) == "lines"
    assert kind_of(log, {}, {"IPython": types.ModuleType("IPython")}) == "lines"
    assert kind_of(log, {}, kernel) == "text"
    monkeypatch.setitem(sys.modules, "ipywidgets", types.SimpleNamespace(__spec__=object()))
    assert kind_of(log, {}, kernel) == "notebook"


def test_a_notebook_without_ipywidgets_has_its_line_in_place(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", notebook({"IPKernelApp": {}})["IPython"])
    stream = io.StringIO()
    with display.showing(stream), display.task("waiting"):
        pass
    assert stream.getvalue().startswith("\rwaiting, 0:00")
