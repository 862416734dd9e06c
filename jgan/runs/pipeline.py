"""Reading and writing in threads, beside the work of a device."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

THREADS = 8


def piped[T, U, V](
    items: Iterable[T],
    read: Callable[[T], U],
    work: Callable[[T, U], V],
    write: Callable[[T, V], None],
) -> Iterator[tuple[T, float]]:
    """Do ``write(item, work(item, read(item)))`` for each item, and yield it once it is written.

    ``work`` is called in this thread, for one item after the other. Meanwhile other threads read the items that
    follow and write those before; a few of each are kept in memory.

    Args:
      items: what is worked on, in order.
      read: called in threads.
      work: called in this thread.
      write: called in threads.

    Yields:
      The items in their order, each with the seconds that the work has waited for reading and writing since the
      item before. What a function raises is raised here, and nothing is begun any more.

    >>> found = []
    >>> [item for item, _ in piped([1, 2], str, lambda item, text: text * item, lambda i, v: found.append(v))]
    [1, 2]
    >>> sorted(found)
    ['1', '22']
    """
    waited = 0.0

    def result[R](future: Future[R]) -> R:
        nonlocal waited
        began = time.perf_counter()
        try:
            return future.result()
        finally:
            waited += time.perf_counter() - began

    threads = min(os.cpu_count() or 1, THREADS)
    most = threads + 1
    with ThreadPoolExecutor(threads) as pool:
        try:
            left = iter(items)
            reads = deque((item, pool.submit(read, item)) for item in islice(left, most))
            writes: deque[tuple[T, Future[None]]] = deque()
            while reads or writes:
                if reads:
                    item, future = reads.popleft()
                    given = result(future)
                    reads.extend((other, pool.submit(read, other)) for other in islice(left, 1))
                    writes.append((item, pool.submit(write, item, work(item, given))))
                while writes and (writes[0][1].done() or len(writes) > most or not reads):
                    item, written = writes.popleft()
                    result(written)
                    yield item, waited
                    waited = 0.0
        finally:
            pool.shutdown(cancel_futures=True)
