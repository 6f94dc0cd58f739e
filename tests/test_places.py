"""Values that surprise: other default types and devices, what is elsewhere, half precision, frozen parameters."""

import copy
import math
import re

import pytest
import torch

from makemlp import (
    MLP,
    CountModel,
    DeepMLP,
    Mixture,
    Vocabulary,
    WordMLP,
    build_dataset,
    compare,
    explore_count_tables,
    explore_name,
    explore_neighbours,
    explore_prediction,
    explore_sampling,
    figures,
    load_model,
    nll,
    nll_by_name,
    sample,
    save_model,
    score_name,
    sgd,
    trace,
    train,
    train_deep,
    train_many,
)
from makemlp.data import places
from makemlp.widgets import explorers

NAMES = ["emma", "ava", "mia", "zoe", "anna", "bob", "clara", "dora", "emil", "fritz", "gerda"] * 3
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB)


def mlp(**settings):
    return MLP(len(VOCAB), emb_dim=2, hidden_dim=4, **settings)


def table():
    return CountModel(len(VOCAB), 3, method="kneser_ney").fit(X, Y)


# What is done with a model and examples, wherever these are; each gives a number or a text.
MODEL = {
    "nll": lambda model, X, Y: nll(model, X, Y),
    "nll_by_name": lambda model, X, Y: nll_by_name(model, VOCAB, NAMES).sum().item(),
    "compare": lambda model, X, Y: compare(model, table(), VOCAB, NAMES)[0],
    "mixture": lambda model, X, Y: nll(Mixture(model, table()), X, Y),
    "sample": lambda model, X, Y: " ".join(sample(model, VOCAB, 5, seed=0)),
    "score_name": lambda model, X, Y: score_name(model, VOCAB, "emma")[0].sum().item(),
    "train": lambda model, X, Y: train(model, X, Y, steps=3)[-1],
    "train_many": lambda model, X, Y: train_many([model], X, Y, learning_rates=[0.1], steps=3)[0, -1].item(),
    "sgd": lambda model, X, Y: sgd(model, X, Y, [0.1] * 3)[-1],
    "train_deep": lambda model, X, Y: train_deep(model, X, Y, steps=3, teacher=table())[-1],
    "next_character": lambda model, X, Y: figures.next_character(model, VOCAB, "em").alt,
    "anatomy": lambda model, X, Y: figures.anatomy(model, VOCAB, "em").alt,
    "embedding_map": lambda model, X, Y: figures.embedding_map(model.C.detach(), VOCAB).alt,
    "explore_sampling": lambda model, X, Y: repr(explore_sampling(model, VOCAB, names=NAMES)),
    "explore_prediction": lambda model, X, Y: repr(explore_prediction(model, VOCAB, "em")),
    "explore_name": lambda model, X, Y: repr(explore_name(model, VOCAB, NAMES, "emma")),
    "explore_neighbours": lambda model, X, Y: repr(explore_neighbours(model.C.detach(), VOCAB)),
}
# What is done with examples alone.
DATA = {
    method: lambda model, X, Y, method=method: nll(CountModel(len(VOCAB), 3, method=method).fit(X, Y), X, Y)
    for method in ("add", "interpolate", "kneser_ney")
} | {
    "explore_count_tables": lambda model, X, Y: repr(explore_count_tables(NAMES, NAMES, VOCAB, 3)),
    "build_dataset": lambda model, X, Y: float(build_dataset(NAMES, VOCAB)[1].sum()),
    "MLP": lambda model, X, Y: mlp()(X).sum().item(),
    "DeepMLP": lambda model, X, Y: DeepMLP(len(VOCAB), 3, 2, 4).eval()(X).sum().item(),
}


def refused(work, *expected):
    with pytest.raises(ValueError) as caught:
        work()
    message = str(caught.value)
    assert "\n" not in message and message.endswith(".") and len(message) < 220
    assert any(part in message for part in expected), message


@pytest.fixture
def doubles():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", ["nll", "mixture", "train", "train_many", "train_deep", "fit"])
def test_examples_that_are_no_indices_are_refused(name):
    """The slips of a learner who builds X and Y without build_dataset."""
    run = {**MODEL, "fit": lambda model, X, Y: CountModel(len(VOCAB), 3).fit(X, Y)}[name]
    model = DeepMLP(len(VOCAB), 3, 2, 4) if name == "train_deep" else mlp()
    refused(lambda: run(model, X.float(), Y), "X is of float32 numbers")
    refused(lambda: run(model, X, Y.double()), "Y is of float64 numbers")
    refused(lambda: run(model, X, Y.unsqueeze(1)), "Y is of int64 numbers and of shape")
    refused(lambda: run(model, X[1:], Y), f"There are {len(Y) - 1} contexts in X and {len(Y)} answers in Y")


@pytest.mark.parametrize("name", [*MODEL, *DATA])
def test_another_default_type_gives_the_same(name, doubles):
    work, (model, same) = (MODEL | DATA)[name], START
    here = work(copy.deepcopy(model), X, Y)
    torch.set_default_dtype(torch.float32)
    there = work(copy.deepcopy(same), X, Y)
    if name in ("MLP", "DeepMLP"):  # a random start of doubles is another one
        assert math.isfinite(here)
    else:
        assert here == (there if isinstance(there, str) else pytest.approx(there, rel=1e-4))


START = mlp(seed=1), mlp(seed=1)


@pytest.mark.parametrize("name", MODEL)
def test_a_model_of_doubles_is_as_good(name):
    here, there = (MODEL[name](model, X, Y) for model in (mlp(), mlp().double()))
    assert there == (here if isinstance(here, str) else pytest.approx(here, rel=1e-4))


@pytest.mark.parametrize("name", MODEL)
def test_a_model_of_half_precision_is_refused(name):
    refused(lambda: MODEL[name](mlp().half(), X, Y), "float16 numbers, which have too few digits: pass what .float()")
    refused(lambda: MODEL[name](mlp().bfloat16(), X, Y), "bfloat16 numbers")


@pytest.mark.parametrize("name", MODEL)
def test_a_model_on_another_device_is_refused(name):
    refused(lambda: MODEL[name](mlp().to("meta"), X, Y), "on the device 'meta'", "on 'meta'")


@pytest.mark.parametrize(
    "name", ["nll", "mixture", "train", "train_many", "sgd", "train_deep", "add", "interpolate", "kneser_ney"]
)
def test_examples_on_another_device_are_refused(name):
    refused(lambda: (MODEL | DATA)[name](mlp(), X.to("meta"), Y.to("meta")), "'meta'")


@pytest.mark.parametrize("name", [*MODEL, *DATA])
def test_another_default_device_is_refused_or_does_not_matter(name):
    model = mlp()
    explorers._count_losses.cache_clear()
    with torch.device("meta"):
        if name == "nll":  # computed where its arguments are
            assert MODEL[name](model, X, Y) > 0
        else:
            refused(lambda: (MODEL | DATA)[name](model, X, Y), "default device is 'meta'", "new tensors on 'meta'")


def test_what_only_computes_follows_its_arguments():
    model = mlp()
    with torch.device("meta"):
        assert trace(model, X[:2])["probs"].device.type == "cpu"
    assert trace(model.to("meta"), X[:2].to("meta"))["probs"].device.type == "meta"


class Elsewhere(torch.nn.Module):
    """A model on another device that brings its contexts there and its answers back, as a WordMLP does."""

    brings_contexts, block_size = True, 3

    def __init__(self, model):
        super().__init__()
        self.far = torch.nn.Parameter(torch.empty(1, device="meta"))
        self.near = [model]  # in a list, so that its parameters don't count as this module's

    def forward(self, X):
        assert X.device.type == "cpu"
        return self.near[0](X)


@pytest.mark.parametrize("name", ["nll", "nll_by_name", "compare", "mixture", "sample", "score_name"])
def test_a_model_that_brings_its_contexts_may_be_elsewhere(name):
    model = mlp()
    assert MODEL[name](Elsewhere(model), X, Y) == MODEL[name](model, X, Y)
    refused(lambda: MODEL[name](Elsewhere(model).half(), X, Y), "float16 numbers")


def test_networks_for_words_bring_their_contexts():
    places.check_on_cpu("nll", Mixture(WordMLP(20, cutoffs=(5,)).to("meta"), table()), X, Y)


def test_a_kept_model_comes_back_on_the_cpu(tmp_path):
    model = mlp()
    save_model(model, VOCAB, tmp_path / "kept.pt")
    assert nll(load_model(tmp_path / "kept.pt", VOCAB), X, Y) == nll(model, X, Y)


@pytest.mark.parametrize("work", ["train", "train_many", "train_deep"])
@pytest.mark.parametrize("frozen", ["C", "b1"])
def test_what_is_frozen_stays(work, frozen):
    model = mlp(direct=True)
    getattr(model, frozen).requires_grad_(False)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    MODEL[work](model, X, Y)
    moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert moved == before.keys() - {frozen}


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
@pytest.mark.parametrize("work", ["train", "train_many", "train_deep", "sgd"])
def test_a_model_is_trained_the_same_where_gradients_are_off(work, mode):
    plain, off = mlp(), mlp()
    MODEL[work](plain, X, Y)
    with mode():
        MODEL[work](off, *build_dataset(NAMES, VOCAB, 3))
    assert all(torch.equal(p, q) for p, q in zip(plain.parameters(), off.parameters(), strict=True))


def test_what_autograd_cannot_train_is_refused():
    with torch.inference_mode():
        model = mlp()
    refused(lambda: MODEL["train_deep"](model, X, Y), "train_deep got a model that was made within torch.inference_mo")
    frozen = mlp().requires_grad_(False)
    refused(lambda: MODEL["sgd"](frozen, X, Y), "sgd got a model of which every parameter is frozen")


def test_a_default_device_that_is_not_there_is_named():
    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    with torch.device("cuda"):
        refused(lambda: build_dataset(NAMES, VOCAB, 3), "PyTorch can't use the default device that was set (")
        refused(mlp, "default device is 'one that is not there'")


@pytest.mark.parametrize("name", ["nll", "train", "sample"])
def test_fewer_digits_by_autocast_are_refused(name):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        refused(lambda: MODEL[name](mlp(), X, Y), "autocast is on, which computes with too few digits: call ")


@pytest.mark.parametrize("name", ["nll", "train"])
@pytest.mark.parametrize("kind", [torch.uint8, torch.int32])
def test_indices_of_another_kind_are_refused(name, kind):
    refused(lambda: MODEL[name](mlp(), X.to(kind), Y), "pass the indices of symbols, int64")


def test_models_that_are_trained_together_are_frozen_alike():
    models = [mlp(), mlp()]
    models[1].C.requires_grad_(False)
    refused(lambda: train_many(models, X, Y, learning_rates=[0.1, 0.1]), "freeze the same in all")


def test_the_sentence_names_what_is_wrong():
    with pytest.raises(ValueError, match=re.escape("nll got an MLP on the device 'meta' and a Tensor on 'cpu'")):
        nll(mlp().to("meta"), X, Y)
