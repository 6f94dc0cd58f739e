"""What an answer was seen to do, as text that passes from its process to the judge's (floor 3).

It is JSON, which can hold nothing but data: reading what a stranger's process wrote runs none of the stranger's code.
"""

from __future__ import annotations

from json import dumps, loads
from typing import Any

import torch
from torch import Tensor

from makemlp.checking.observing import Seen, Stop
from makemlp.checking.plain import MOST, Foreign, Members

PLAIN = (bool, int, float, str, type(None))


def write(seen: list[Seen]) -> str:
    """The text of what was seen."""
    return dumps([[pack(one.value), one.changed] for one in seen])


def read(text: str) -> list[Seen]:
    """What was seen, from its text."""
    return [Seen(unpack(value), str(changed)[:1000]) for value, changed in loads(text)]


def pack(value: Any) -> Any:
    """The value in JSON's own types; one that is no plain data leaves only its type's name."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Stop):
        return {"stop": [value.kind, value.message[:1000], value.line[:200]]}
    if isinstance(value, Tensor) and value.numel() <= MOST:
        return {"tensor": value.flatten().tolist(), "shape": list(value.shape), "dtype": str(value.dtype)[6:]}
    if type(value) in (list, tuple, Members):
        return {type(value).__name__: [pack(part) for part in value]}
    if type(value) is dict:
        return {"dict": [[pack(key), pack(part)] for key, part in value.items()]}
    return {"foreign": repr(value) if isinstance(value, Foreign) else f"a {type(value).__name__}"}


def unpack(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return torch.tensor(value["tensor"], dtype=getattr(torch, value["dtype"])).view(value["shape"])
    if "stop" in value:
        kind, message, line = map(str, value["stop"])
        return Stop(kind[:100], message[:1000], line[:200])
    if "dict" in value:
        return {unpack(key): unpack(part) for key, part in value["dict"]}
    if "foreign" in value:
        return Foreign(str(value["foreign"])[:200])
    kind, parts = next(iter(value.items()))
    return {"tuple": tuple, "Members": Members}.get(kind, list)(map(unpack, parts))
