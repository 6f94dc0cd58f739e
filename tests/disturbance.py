"""Every other machine in one: while it lasts, one in eight matrix products ends in other last bits than here.

Another processor, library or number of threads adds the terms of a product in another order, and so rounds it
otherwise. Here a product is computed with its terms added in two parts, too, and the difference is made several times
as large. What must not depend on the machine (stored outputs, pictures, assertions) must come out the same.

    DISTURB=1 python -m pytest --nbval --nbval-current-env --mpl notebooks tests/test_figures.py

A product that no rounding touched, such as a row that a one-hot vector picks, is the same on every machine; it is left
alone here too.

PyTorch's kernels of these products are replaced, rather than watched by a TorchDispatchMode, because a mode sees every
operation: it made training nine times as slow.
"""

import contextlib
import os
import warnings
from pathlib import Path

import torch

SEED = "DISTURB"  # the environment variable that turns it on, in conftest.py

# How many times as large the difference between two orders becomes. Measured without it: products with sums of 30 to
# 30,000 terms differ between AVX-512 and SSE by 2 to 3 units in the last place in the median.
AMPLIFIED = 8

# One product in so many is disturbed, to save time: a training has thousands. If errors add up by their squares, one in
# eight that is off by eight times the natural difference is still more than all that are off by it once. Its result
# says which, because a machine gives the same one each time it is asked the same.
EVERY = 8


class Disturbed:
    """While it is entered, one in `every` products of floating-point matrices on the CPU is off by some last bits."""

    def __init__(self, seed: int, amplified: float = AMPLIFIED, every: int = EVERY):
        self.seed = seed
        self.amplified = amplified
        self.every = every
        self.count = 0  # how many products there were

    def __enter__(self):
        self.kernels = torch.library.Library("aten", "IMPL")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a kernel is replaced
            for name, kernel in KERNELS.items():
                self.kernels.impl(name, _with(self, kernel), "CPU")
        return self

    def __exit__(self, *_):
        self.kernels._destroy()

    def product(self, a, b):
        """(B, n, k) @ (B, k, m), disturbed."""
        size, n, k, m = *a.shape, b.shape[2]
        if k < 2 or not a.numel() or not b.numel() or not a.is_floating_point():
            return _product(a, b)
        self.count += 1
        plain = _product(a, b)
        if self.every > 1 and hash((self.seed, n, m, plain[0, 0, 0].item())) % self.every:
            return plain
        cut = 1 + hash((self.seed, size, n, m)) % (k - 1)
        other = _product(a[:, :, :cut], b[:, :cut], _product(a[:, :, cut:], b[:, cut:]))  # the last terms first
        return plain.lerp_(other, self.amplified)  # found + amplified * (other - found)


def _product(a, b, base=None):
    """The plain product, added to `base` in place: by a variant of a kernel that is not replaced."""
    out = a.new_empty(a.shape[0], a.shape[1], b.shape[2]) if base is None else base
    return torch.baddbmm(out, a, b, beta=int(base is not None), out=out)


def _sum(mode, base, product, beta, alpha):
    """beta * base + alpha * product, without looking at a base that counts nothing."""
    product = product if alpha == 1 else product * alpha
    return product if beta == 0 else product + (base if beta == 1 else beta * base)


def mm(mode, a, b):
    return mode.product(a[None], b[None])[0]


def addmm(mode, base, a, b, *, beta=1, alpha=1):
    return _sum(mode, base, mm(mode, a, b), beta, alpha)


def mv(mode, a, b):
    return mm(mode, a, b[:, None])[:, 0]


def addmv(mode, base, a, b, *, beta=1, alpha=1):
    return _sum(mode, base, mv(mode, a, b), beta, alpha)


def dot(mode, a, b):
    return mm(mode, a[None], b[:, None])[0, 0]


def bmm(mode, a, b):
    return mode.product(a, b)


def baddbmm(mode, base, a, b, *, beta=1, alpha=1):
    return _sum(mode, base, bmm(mode, a, b), beta, alpha)


def _with(mode, kernel):
    return lambda *args, **kwargs: kernel(mode, *args, **kwargs)


def _into(kernel):
    """The variant that writes its result into `out`."""

    def variant(mode, *args, out, **kwargs):
        result = kernel(mode, *args, **kwargs)
        return out.resize_(result.shape).copy_(result)

    return variant


def _in_place(kernel):
    """The variant that writes its result over its first operand."""
    return lambda mode, base, *args, **kwargs: base.copy_(kernel(mode, base, *args, **kwargs))


KERNELS = {kernel.__name__: kernel for kernel in (mm, addmm, mv, addmv, dot, bmm, baddbmm)}
KERNELS |= {f"{kernel.__name__}.out": _into(kernel) for kernel in (mm, addmm, addmv, bmm)}
KERNELS |= {f"{kernel.__name__}_": _in_place(kernel) for kernel in (addmm, addmv, baddbmm)}

begun = None  # what `begin` began, in this process


def begin(seed: int) -> None:
    """Disturb all products from now on."""
    global begun
    begun = Disturbed(seed).__enter__()


@contextlib.contextmanager
def stronger(amplified: float):
    """Disturb so much for a while, where it has begun."""
    if begun:
        begun.amplified, before = amplified, begun.amplified
    yield
    if begun:
        begun.amplified = before


def begin_in_kernels(seed: int, folder: Path) -> None:
    """Have every notebook's kernel that is started from now on begin so, by a start-up file of IPython's."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    here = str(Path(__file__).parent)
    lines = [
        "import sys",
        f"sys.path.append({here!r})",
        "import disturbance",
        f"disturbance.begin({seed})",
    ]
    lines += [f"sys.path.remove({here!r})", "del sys, disturbance"]
    # Under this module's own name the file would import itself, and IPython would only log that.
    (startup / "begin.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(folder)


# For a kernel to be asked whether it is disturbed: by which seed.
ASK_KERNEL = "getattr(__import__('sys').modules.get('disturbance'), 'begun', None).seed"
