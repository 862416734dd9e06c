"""What a compiled program sends between its devices, read from its text."""

import math
import re
from typing import Any

KINDS = ("all-reduce", "all-gather", "reduce-scatter", "all-to-all", "collective-permute")
_LINE = re.compile(rf"= (?P<result>.+?) (?P<kind>{'|'.join(KINDS)})(?:-start)?\(")
_ARRAY = re.compile(r"\b(?P<type>pred|[a-z]+\d+)\[(?P<shape>[\d,]*)\]")


def exchanged(program: str) -> dict[str, Any]:
    """Number of collective operations and bytes of their results, by kind; each loop's body counts once.

    Args:
      program: optimised HLO of one device, ``compiled.as_text()``.

    Of an all-reduce or an all-gather of S bytes a device sends about 2S or S; asynchronous starts, whose
    results repeat their operands, do not occur on a CPU.

    >>> text = '''
    ...   %a = (f32[64]{0}, f32[2,3]{1,0}) all-reduce(%x, %y), channel_id=1
    ...   ROOT %b = pred[] all-reduce(%c), channel_id=2
    ...   %g = bf16[8,4]{1,0} all-gather(%a), channel_id=3
    ...   %n = f32[8]{0} add(%all-reduce.1, %q)
    ... '''
    >>> exchanged(text)
    {'all-reduce': {'count': 2, 'bytes': 281}, 'all-gather': {'count': 1, 'bytes': 64}}
    """
    found: dict[str, Any] = {}
    for line in program.splitlines():
        match = _LINE.search(line)
        if match:
            own = found.setdefault(match["kind"], {"count": 0, "bytes": 0})
            own["count"] += 1
            own["bytes"] += sum(
                _size(array["type"]) * math.prod(map(int, filter(None, array["shape"].split(","))))
                for array in _ARRAY.finditer(match["result"])
            )
    return found


def _size(kind: str) -> int:
    """Bytes of an element; booleans take one."""
    return 1 if kind == "pred" else int(re.sub(r"\D", "", kind)) // 8
