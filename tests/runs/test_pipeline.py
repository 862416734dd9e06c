"""Reading and writing run beside the work, in order, and stop with it."""

import threading
import time

import pytest

from jgan.runs.pipeline import piped


def test_everything_is_worked_on_in_order():
    main, written = threading.current_thread(), {}

    def read(item):
        assert threading.current_thread() is not main
        return item + 100

    def work(item, value):
        assert threading.current_thread() is main
        return value * 2

    found = [item for item, _ in piped(range(57), read, work, written.__setitem__)]
    assert found == list(range(57))
    assert written == {item: 2 * (item + 100) for item in range(57)}


def test_the_work_waits_for_nothing_that_is_done_meanwhile():
    pause = lambda *_: time.sleep(0.004)
    slow = lambda *_: time.sleep(0.02)
    hidden = sum(waited for _, waited in piped(range(12), pause, slow, pause))
    assert (
        hidden < 0.12
    )  # a half of the work's time; the first reading and the last writing are among it
    shown = sum(waited for _, waited in piped(range(12), slow, pause, slow))
    assert shown > hidden


@pytest.mark.parametrize("where", range(3))
def test_what_goes_wrong_is_raised_and_ends_it(where):
    begun = []

    def step(number):
        def call(item, *_):
            begun.append(item)
            if number == where and item == 4:
                raise OSError("full")

        return call

    with pytest.raises(OSError, match="full"):
        list(piped(range(1000), *map(step, range(3))))
    assert len(set(begun)) < 1000


def test_no_more_than_a_few_are_kept():
    read, worked = [], []

    def work(item, value):
        worked.append(item)
        assert len(read) - len(worked) < 30

    list(piped(range(300), read.append, work, lambda *_: None))
    assert len(worked) == 300
