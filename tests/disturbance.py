"""Every other machine in one: a mode in which each matrix product ends in other last bits than here.

Another processor, library or number of threads adds the terms of a product in another order, and so rounds it
otherwise. This mode disturbs each result by about as much, at random by a seed. What must not depend on the machine
(stored outputs, pictures, assertions) must come out the same.

    DISTURB=1 python -m pytest --nbval --nbval-current-env --mpl notebooks tests/test_figures.py

A product that no rounding touched, such as a row that a one-hot vector picks, is the same on every machine; it is left
alone here too.
"""

import os
from pathlib import Path

import torch
from torch.utils._python_dispatch import TorchDispatchMode

SEED = "DISTURB"  # the environment variable that turns it on, for conftest.py

PRODUCTS = {"mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot", "addbmm", "addmm_", "baddbmm_", "addmv_"}

# Units in the last place, at most. Measured: products with sums of 30 to 30,000 terms differ between AVX-512 and SSE by
# 2 to 3 units in the median, and by 30 for one result in twenty.
UNITS = 16


class Disturbed(TorchDispatchMode):
    """While it is entered, in this thread, every product of floating-point matrices is off by some last bits."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed
        self.count = 0  # how many results were disturbed

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func.overloadpacket.__name__ not in PRODUCTS:
            return func(*args, **kwargs)
        exact = _in_double(func, args, kwargs)
        result = func(*args, **kwargs)
        if result.dtype.is_floating_point and result.device.type == "cpu":
            self._disturb(result, exact)
        return result

    def _disturb(self, result, exact):
        """Move what was rounded by up to UNITS last places, either way, in place."""
        rounded = result.double() != exact if result.dtype != torch.float64 else exact != exact.round()
        size = exact.abs() * UNITS * torch.finfo(result.dtype).eps
        moved = result.double() + _noise(exact, hash((self.seed, *result.shape))) * size
        result.copy_(torch.where(rounded, moved, result.double()))
        self.count += int(rounded.any())


def _noise(values, seed):
    """Numbers from -1 to 1 decided by the values' bits and the seed: the same input gives the same result."""
    bits = values.contiguous().view(torch.int64) ^ seed
    for shift in (33, 29):
        bits = (bits ^ (bits >> shift)) * 0x5851F42D4C957F2D  # wraps around, which mixes
    return (bits >> 11).double() / 2**52


def _in_double(func, args, kwargs):
    """The same product with as many bits as there are, before an operand is written over."""
    args = [arg.detach().double() if _floats(arg) else arg for arg in args]
    kwargs = {name: arg for name, arg in kwargs.items() if name != "out"}
    packet, overload = func.overloadpacket, func._overloadname
    name = packet.__name__.rstrip("_")
    return getattr(getattr(torch.ops.aten, name), "default" if overload == "out" else overload)(*args, **kwargs)


def _floats(arg):
    return isinstance(arg, torch.Tensor) and arg.dtype.is_floating_point


def begin(seed: int) -> Disturbed:
    """Disturb all products of this thread from now on."""
    mode = Disturbed(seed)
    mode.__enter__()
    return mode


def begin_in_kernels(seed: int, folder: Path) -> None:
    """Have every notebook's kernel that is started from now on begin so, by a start-up file of IPython's."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    here = str(Path(__file__).parent)
    lines = ["import sys", f"sys.path.append({here!r})", "import disturbance", f"disturbance.begin({seed})"]
    lines += [f"sys.path.remove({here!r})", "del sys, disturbance"]
    # Under this module's own name the file would import itself, and IPython would only log that.
    (startup / "begin.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)
