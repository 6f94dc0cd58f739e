"""makemlp/live/mlp.js against PyTorch: every function, in Chromium, to 1e-5; and a run of training step by step."""

import json

import pytest
import torch
import torch.nn.functional as F

from makemlp import MLP, CountModel, Vocabulary, build_dataset, draw, live, load_names, rank, sample, score_name, trace
from makemlp.data.spelling import spelled
from makemlp.training import Run

from .lab import new_page

NAMES = load_names()[:400]
VOCAB = Vocabulary(NAMES)
X, Y = build_dataset(NAMES, VOCAB)
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(scope="module")
def js(browser):
    """Evaluates an expression with the shared modules at hand, and `given` as variables. Typed arrays become lists."""
    page = new_page(browser)
    page.goto("about:blank")

    def evaluate(expression, **given):
        code = f"""given => {{
            {"".join(map(live.module, live.SHARED))}
            const {{{", ".join(given)}}} = given;
            const plain = (key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value;
            return JSON.stringify({expression}, plain);
        }}"""
        return json.loads(page.evaluate(code, given))

    yield evaluate
    page.close()


def model_of(direct):
    model = MLP(len(VOCAB), emb_dim=4, hidden_dim=30, direct=direct)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    return model


@pytest.fixture(params=[False, True], ids=["plain", "direct"])
def model(request):
    return model_of(request.param)


def assert_close(found, wanted):
    torch.testing.assert_close(torch.tensor(found).view(wanted.shape).double(), wanted.double(), **CLOSE)


def test_forward(js, model):
    contexts = X[:50]
    found = js("forward(readModel(packed), contexts)", packed=live.packed_model(model, VOCAB), contexts=flat(contexts))
    wanted = trace(model, contexts)
    for name in ("emb", "h", "logits"):
        assert_close(found[name], wanted[name])
    assert_close([torch.tensor(x).tanh() for x in found["sums"]], wanted["h"].flatten())


def flat(contexts):
    return contexts.flatten().tolist()


@pytest.mark.parametrize("block_size", [0, 1, 2])
def test_a_table_of_any_other_model(js, block_size):
    table = CountModel(len(VOCAB), block_size, 0.5).fit(*build_dataset(NAMES, VOCAB, block_size))
    contexts = X[:40, 3 - block_size :]
    given = flat(X[:40, 3 - max(block_size, 1) :])
    assert_close(
        js("readModel(packed).logits(contexts)", packed=live.packed_model(table, VOCAB), contexts=given),
        table(contexts),
    )


def reference_softmax(logits, temperature, top_k, top_p):
    logits = logits.masked_fill(rank(logits) > top_k, float("-inf")) / temperature
    probs, places = logits.softmax(0).sort(descending=True, stable=True)
    held = probs.cumsum(0) - probs  # what the likelier ones hold
    return (
        torch.zeros_like(probs)
        .index_put((places,), probs.where(held < top_p, 0.0))
        .div(probs.where(held < top_p, 0.0).sum())
    )


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("top_k", [1, 5, len(VOCAB)])
@pytest.mark.parametrize("top_p", [0.2, 0.9, 1.0])
def test_softmax_with_temperature_top_k_and_top_p(js, temperature, top_k, top_p):
    logits = 3 * torch.randn(len(VOCAB), generator=torch.Generator().manual_seed(top_k)).double()
    logits[7] = logits[3]  # of equals, the lower index is kept
    how = {"temperature": temperature, "topK": top_k, "topP": top_p}
    found = js("softmax(logits, how)", logits=logits.tolist(), how=how)
    assert_close(found, reference_softmax(logits, temperature, top_k, top_p))


def test_the_order_of_equals(js):
    values = torch.tensor([1.0, 3.0, 3.0, 0.0, 3.0])
    assert js("order(values)", values=values.tolist()) == rank(values).argsort().tolist() == [1, 2, 4, 0, 3]


def test_pick(js):
    weights = torch.tensor([0.0, 2.0, 0.0, 1.0, 1.0])
    places = [0.0, 0.1, 0.49999, 0.5, 0.75, 0.99999]
    found = js("places.map(u => pick(weights, u))", weights=weights.tolist(), places=places)
    assert found == [int(draw(weights, torch.tensor([u]))) for u in places]


def test_random_numbers_are_even_and_the_same_for_a_seed(js):
    numbers = js("[1, 1, 2].map(seed => Array.from({length: 5000}, randomNumbers(seed)))")
    assert numbers[0] == numbers[1] != numbers[2]
    assert all(0 <= u < 1 for u in numbers[0])
    shares = torch.histc(torch.tensor(numbers[0]), 10, 0, 1) / 5000
    assert shares.min() > 0.085 and shares.max() < 0.115  # 3.5 standard deviations from a tenth


def test_made_up_names_come_as_often_as_the_model_says(js):
    """First letters of 4,000 names against their probabilities; each name ends, or is cut."""
    model = model_of(direct=False)
    code = "sampleNames(readModel(packed), 4000, {maxLength: 12, seed: 5})"
    names = js(code, packed=live.packed_model(model, VOCAB))
    first = torch.bincount(torch.tensor([name[0] if name else 0 for name in names]), minlength=len(VOCAB)) / 4000
    wanted = model(torch.zeros(1, 3, dtype=torch.int64)).softmax(1)[0]
    assert (first - wanted).abs().max() < 0.03  # four standard deviations of the likeliest
    assert max(map(len, names)) <= 12 and 0 not in {index for name in names for index in name}


def test_a_prefix_and_the_likeliest_name(js):
    model = model_of(direct=False)
    packed, prefix = live.packed_model(model, VOCAB), VOCAB.encode("an")
    found = js("sampleNames(readModel(packed), 3, {prefix, topK: 1})", packed=packed, prefix=prefix)
    assert found[0] == found[1] == found[2] and found[0][:2] == prefix
    assert [VOCAB.decode(found[0])] == sample(model, VOCAB, 1, prefix="an", top_k=1)


@pytest.mark.parametrize("name", ["", "emma", "isabella"])
def test_scores_of_a_name(js, model, name):
    found = js("scoreName(readModel(packed), name)", packed=live.packed_model(model, VOCAB), name=VOCAB.encode(name))
    assert_close([step["nll"] for step in found], score_name(model, VOCAB, name)[0])
    assert [step["index"] for step in found] == [*VOCAB.encode(name), 0]


def test_gradients(js, model):
    """Against autograd, on examples with weights and shares of what followed."""
    g = torch.Generator().manual_seed(1)
    contexts = X[:20]
    targets = torch.rand(20, len(VOCAB), generator=g).softmax(1)
    weights = torch.rand(20, generator=g).softmax(0)
    loss = -(model(contexts).log_softmax(1) * targets * weights[:, None]).sum()
    loss.backward()
    given = {"contexts": flat(contexts), "targets": targets.flatten().tolist(), "weights": weights.tolist()}
    code = "gradients(readModel(packed), contexts, targets, weights)"
    found = js(code, packed=live.packed_model(model, VOCAB), **given)
    assert found["loss"] == pytest.approx(loss.item(), abs=1e-5)
    assert set(found["grads"]) == {name for name, _ in model.named_parameters()}
    for name, parameter in model.named_parameters():
        assert_close(found["grads"][name], parameter.grad)


def test_training_follows_the_engine_step_by_step(js, model):
    """The same start and the same batches: after each of 40 steps, Python's loss; at the end, Python's parameters."""
    packed = live.packed_model(model, VOCAB)
    run = Run([model], X, Y, [0.01], batch_size=64)
    batches, losses = [], []
    drawn = run.batches.draw
    run.batches.draw = lambda: batches.append(drawn()) or batches[-1]
    for _ in range(40):
        run.step()
        losses.append(run.losses[-1].item())
    code = """(() => {
        const model = readModel(packed), step = adam(model), losses = [];
        for (const [contexts, targets, weights] of batches) {
            const {loss, grads} = gradients(model, contexts, targets, weights);
            step(grads, 0.01);
            losses.push(loss);
        }
        return {losses, model};
    })()"""
    given = [[flat(contexts), targets.flatten().tolist(), weights.tolist()] for contexts, targets, weights in batches]
    found = js(code, packed=packed, batches=given)
    assert_close(found["losses"], torch.tensor(losses))
    run.write_back()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            torch.tensor(found["model"][name]).view(parameter.shape), parameter, rtol=0, atol=1e-4
        )
    assert F.cross_entropy(model(X), Y) < losses[0]


@pytest.mark.parametrize("names", [["emma", "zoe"], ["EMMA", "ZOE"], ["Emma", "Zoë"], ["ibrahim", "ışıl"], ["e\u0301"]])
@pytest.mark.parametrize("typed", ["Emma", " Zoë", "Zoe\u0308", "EMMA", "İbrahim", "Işıl", "e\u0301", ""])
def test_what_is_typed_is_read_as_python_reads_it(js, names, typed):
    vocab = Vocabulary(names)
    tried = "(() => { try { return encode(typed, itos, {}); } catch (refused) { return refused.message; } })()"
    found = js(tried, typed=typed, itos=vocab.itos)
    try:
        assert found == vocab.encode(spelled(typed, vocab.itos))
    except ValueError:
        assert "can't read" in found
