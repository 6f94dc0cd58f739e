"""The stand-in for every other machine: it disturbs what rounding touches, and would have found what rested on it."""

import io
import os

import pytest
import torch
from disturbance import AMPLIFIED, ASK_KERNEL, SEED, Disturbed, begin_in_kernels
from jupyter_client.manager import start_new_kernel
from PIL import Image
from test_pictures import far_apart

from makemlp import MLP, gallery, nll, train

pytestmark = pytest.mark.skipif(SEED in os.environ, reason="all of this process is disturbed already")

G = torch.Generator().manual_seed(0)
A, B = (torch.rand(*shape, generator=G, dtype=torch.float64) + 0.5 for shape in ((8, 300), (300, 5)))
PRODUCTS = {
    "@": lambda a, b: a @ b,
    "mv": lambda a, b: a @ b[:, 0],
    "dot": lambda a, b: a[0] @ b[:, 0],
    "addmv": lambda a, b: torch.ones(8, dtype=a.dtype).addmv(a, b[:, 0], beta=0.5),
    "addmm_": lambda a, b: torch.ones(8, 5, dtype=a.dtype).addmm_(a, b, alpha=2),
    "out=": lambda a, b: torch.mm(a, b, out=torch.empty(8, 5, dtype=a.dtype)),
    "bmm": lambda a, b: torch.bmm(a[None], b[None]),
    "baddbmm_": lambda a, b: torch.ones(1, 8, 5, dtype=a.dtype).baddbmm_(a[None], b[None]),
    "linear": lambda a, b: torch.nn.functional.linear(a, b.T, torch.ones(5, dtype=a.dtype)),
    "einsum": lambda a, b: torch.einsum("ij,jk->ik", a, b),
}


@pytest.mark.parametrize("amplified", [1, AMPLIFIED])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_every_product_is_disturbed_in_its_last_bits(product, dtype, amplified):
    a, b = A.to(dtype), B.to(dtype)
    plain = product(a, b)
    with Disturbed(1, amplified, every=1) as mode:
        other = product(a, b)
    assert mode.count == 1 and other.dtype == dtype
    off = (other - plain).abs() / plain.abs() / torch.finfo(dtype).eps
    assert 0 < off.max() <= 10 * amplified


def test_one_product_in_eight_is_disturbed_and_each_time_it_is_asked_for():
    pairs = [(A + i, B) for i in range(100)]
    plain = [a @ b for a, b in pairs]
    with Disturbed(1) as mode:
        first, second = ([a @ b for a, b in pairs] for _ in range(2))
    assert mode.count == 200 and all(map(torch.equal, first, second))
    assert 78 < sum(map(torch.equal, first, plain)) < 97


def test_the_seed_decides_and_nothing_stays_disturbed():
    def product(seed):
        with Disturbed(seed, every=1):
            return A @ B

    assert torch.equal(product(1), product(1)) and not torch.equal(product(1), product(2))
    assert torch.equal(A @ B, A @ B)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_no_rounding_touched_stays(dtype):
    """A row that a one-hot vector picks, and sums of whole numbers, are the same on every machine."""
    whole = torch.arange(12, dtype=dtype).view(3, 4)
    with Disturbed(1):
        assert torch.equal(whole @ whole.T, torch.tensor([[14, 38, 62], [38, 126, 214], [62, 214, 366]], dtype=dtype))
        assert torch.equal(torch.eye(300, dtype=dtype)[:3] @ B.to(dtype), B[:3].to(dtype))


def test_gradients_are_disturbed_too():
    a = A.clone().requires_grad_()
    with Disturbed(1) as mode:
        (a @ B).square().sum().backward()
    assert mode.count == 2


def losses_of_a_run(seed, learning_rate):
    names = gallery._names()
    model = MLP(len(names[0]), emb_dim=2, hidden_dim=20)
    with Disturbed(seed):
        train(model, *gallery.build_dataset(names[1][:2000], names[0]), learning_rate=learning_rate, steps=100)
    return nll(model, *gallery.build_dataset(names[2], names[0]))


def test_a_notebooks_kernel_is_disturbed(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", "")  # put back afterwards
    begin_in_kernels(1, tmp_path / "ipython")
    manager, client = start_new_kernel()
    reply = client.execute("", user_expressions={"seed": ASK_KERNEL}, reply=True)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    assert reply["content"]["user_expressions"]["seed"]["data"]["text/plain"] == "1"


def test_a_stable_run_ends_where_it_ended_and_a_chaotic_one_elsewhere():
    """Adam at the default rate and far above it."""
    stable, chaotic = ([losses_of_a_run(seed, rate) for seed in (1, 2)] for rate in (0.02, 3.0))
    assert stable[0] == pytest.approx(stable[1], abs=1e-4)
    assert chaotic[0] != pytest.approx(chaotic[1], abs=1e-2)


@pytest.mark.parametrize("seed", [1, 2])
def test_it_would_have_found_the_picture_of_rates_that_diverge(seed, monkeypatch):
    """Until its losses were recorded, rate_sweep was trained anew on every machine, and no two drew the same."""
    recorded = gallery.GALLERY["rate_sweep"]()
    with Disturbed(seed):
        anew = gallery._rates()["many runs"].tolist()
    monkeypatch.setattr(gallery, "_recorded", lambda label: anew)
    assert far_apart(image(recorded), image(gallery.GALLERY["rate_sweep"]())) > 2  # what the image tests allow


def test_what_is_recorded_for_pictures_is_what_is_trained(monkeypatch, tmp_path):
    stored = {label: torch.tensor(gallery._recorded(label)) for label in ("many runs", "hidden_dim", "seeds", "map")}
    monkeypatch.setattr(gallery, "RUNS", tmp_path / "runs.json")
    gallery.record()
    for label, runs in stored.items():
        stable = runs[:, 0] < 0 if label == "many runs" else ...  # exponents of rates below 1
        anew = torch.tensor(gallery._recorded(label))
        assert torch.allclose(anew[stable], runs[stable], atol=0.01), label


def image(picture):
    return Image.open(io.BytesIO(picture.to_png()))
