"""Seconds that collective operations take on machines of stated links; see `machines` for the figures."""

import math
from typing import NamedTuple


class Link(NamedTuple):
    """A device's way to its neighbour.

    Attributes:
      bandwidth: bytes a second that one device sends, in one direction.
      latency: seconds a hop.
    """

    bandwidth: float
    latency: float


class Machine(NamedTuple):
    """Devices in rows: those of a host, or one side of a torus.

    Attributes:
      name: of it.
      peak: FLOP/s of a device.
      row: devices in a row.
      inside: links within a row.
      between: each device's share of the links between rows.
      switched: whether rows are joined by switches, where a message takes log2(rows) hops up and down a
        tree; otherwise it goes round.
      start: seconds before a collective operation moves its first byte.
    """

    name: str
    peak: float
    row: int
    inside: Link
    between: Link
    switched: bool
    start: float

    def rows(self, devices: int) -> tuple[int, int]:
        """Devices in a row, and rows, of ``devices``.

        Raises:
          ValueError: if they do not fill whole rows.
        """
        row = min(devices, self.row)
        if devices < 1 or devices % row:
            raise ValueError(
                f"devices is {devices}, but must be at most {self.row} or a multiple of it on {self.name}."
            )
        return row, devices // row


def sent(size: float, devices: int) -> float:
    """Bytes that each device sends to all-gather, or to reduce-scatter, ``size`` bytes: (n-1)/n of them.

    An all-reduce is a reduce-scatter and an all-gather: 2(n-1)/n.

    >>> sent(800.0, 8), 2 * sent(800.0, 8)
    (700.0, 1400.0)
    """
    return size * (devices - 1) / devices


def half(size: float, devices: int, on: Machine) -> float:
    """Seconds to all-gather, or to reduce-scatter, ``size`` bytes over ``devices``.

    In two levels, rings of r devices in every row and c rows joined device by device: a device sends
    (r-1)/r of ``size`` in r-1 hops, then (c-1)/c of the r-th part that it holds; together the (n-1)/n of
    `sent`.
    """
    row, rows = on.rows(devices)
    hops = math.ceil(math.log2(rows)) if on.switched else rows - 1
    return (
        sent(size, row) / on.inside.bandwidth
        + (row - 1) * on.inside.latency
        + sent(size / row, rows) / on.between.bandwidth
        + hops * on.between.latency
    )


def all_reduce(size: float, devices: int, on: Machine) -> float:
    """Seconds to all-reduce ``size`` bytes; nothing on one device."""
    return 0.0 if devices == 1 else on.start + 2 * half(size, devices, on)


def gather(size: float, devices: int, on: Machine) -> float:
    """Seconds to all-gather, or to reduce-scatter, ``size`` bytes; nothing on one device."""
    return 0.0 if devices == 1 else on.start + half(size, devices, on)


_NVLINK = Link(450e9, 1.9e-6)
HOSTS = Machine(
    "H100, a NIC a GPU", 495e12, 8, _NVLINK, Link(50e9, 8.5e-6), switched=True, start=10e-6
)
"""Hosts of eight H100 or H200, each with an InfiniBand NDR adapter of its own.

NVLink 4 moves 900 GB/s in both directions together, TF32 has 989 TFLOP/s with structured sparsity and half
of that without (NVIDIA's data sheet); NDR is 400 Gb/s a port. Latencies are those of NCCL's own cost table
(src/graph/tuning.cc, protocol LL128: ring over NVLink, tree over a network, start of a ring).
"""
ONE_ADAPTER = HOSTS._replace(name="H100, a NIC a host", between=Link(50e9 / 8, 8.5e-6))
"""The same hosts with one adapter for eight devices."""
TORUS = Machine(
    "TPU v5e", 197e12, 16, Link(50e9, 1e-6), Link(50e9, 1e-6), switched=False, start=1e-6
)
"""A slice of v5e: 400 GB/s in both directions over four ports a chip, 197 TFLOP/s in bfloat16 (Google's page
of the v5e), which JAX's float32 products use by default. One port is counted, since slices of less than 256
chips close no ring; the microsecond a hop is a guess.
"""
MACHINES = (HOSTS, ONE_ADAPTER, TORUS)
