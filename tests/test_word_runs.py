"""Floor 6: the table of networks for words is what its command measures."""

import json

import pytest
import torch

from makemlp import WordVocabulary, build_dataset, load_word_model, load_words, nll, word_runs
from makemlp.word_runs import BEST, COUNTED, NETWORKS, best_weights, perplexity, runs, stored
from makemlp.wordmodel import KEPT


def test_the_stored_rows_are_those_of_the_command():
    lines = stored()
    assert {(line["row"], line["seed"]) for line in lines} == set(runs())
    counted = {line["row"]: line for line in lines if line["row"] in COUNTED}
    assert min(counted, key=lambda row: counted[row]["dev"]) == BEST
    for line in lines:
        if line["row"] in NETWORKS:
            assert sum(line["mixed"]) == pytest.approx(1) == sum(line["cached"])
            assert line["cached_dev"] <= line["mixed_dev"] <= min(line["dev"], counted[BEST]["dev"])


def test_counting_gives_what_is_stored():
    line, _ = word_runs.counted(BEST, word_runs.Corpus())
    (kept,) = (one for one in stored() if one["row"] == line["row"])
    assert line["cached"] == kept["cached"]
    for score in ("dev", "test", "cached_dev", "cached_test"):
        assert line[score] == pytest.approx(kept[score], abs=0.05)


def test_the_kept_networks_are_those_of_the_table():
    """On the first words of dev, which are a twentieth of it, and a tenth harder than the others."""
    words = load_words()
    vocab = WordVocabulary(words)
    last = list(NETWORKS)[-1]
    models = {seed: load_word_model(vocab, seed=seed) for seed in KEPT}
    assert not torch.equal(*(model.C for model in models.values()))
    for seed, model in models.items():
        assert NETWORKS[last][0].items() <= model.settings.items()
        X, Y = build_dataset(words[800_000 - model.block_size : 810_000], vocab, model.block_size)
        found = perplexity(torch.tensor(-nll(model, X[model.block_size :], Y[model.block_size :])).exp())
        (line,) = (one for one in stored() if (one["row"], one["seed"]) == (last, seed))
        assert 1.05 * line["dev"] < found < 1.18 * line["dev"]
    with pytest.raises(ValueError, match="no network of seed 7: pass 101 or 102"):
        load_word_model(vocab, seed=7)


def test_best_weights_by_hand():
    """Two models that are right half of the time each, by turns; a third one that never is."""
    one, other = torch.tensor([0.9, 0.1, 0.9, 0.1]), torch.tensor([0.1, 0.9, 0.1, 0.9])
    assert best_weights([one, other]) == pytest.approx([0.5, 0.5])
    assert best_weights([one, torch.full((4,), 1e-9), other]) == pytest.approx([0.5, 0, 0.5])
    assert best_weights([one, torch.full((4,), 0.01)]) == pytest.approx([1, 0])


def test_perplexity_by_hand():
    assert perplexity(torch.tensor([0.5, 0.125])) == 4  # the mean of 2 and 8, as products go


def test_a_row_that_is_not_there():
    with pytest.raises(ValueError, match="no row 'x': pass one of Kneser-Ney of 1 word"):
        word_runs.retrain(["x"])


def test_a_row_is_trained_and_stored(tmp_path, monkeypatch):
    """The command on a small text, with small networks."""
    words = load_words()[:6000]
    monkeypatch.setattr(word_runs, "load_words", lambda: words)
    monkeypatch.setattr(word_runs, "split_text", lambda words: (words[:4000], words[4000:5000], words[5000:]))
    small = {"block_size": 8, "near": 3, "blurs": 1, "emb_dim": 4, "hidden_dim": 8}
    monkeypatch.setattr(word_runs, "NETWORKS", {label: (small, {"batch_size": 256}) for label in NETWORKS})
    monkeypatch.setattr(word_runs, "STORED", tmp_path / "STORED")
    monkeypatch.setattr(word_runs, "kept", lambda seed: tmp_path / f"network{seed}.pt")
    word_runs.retrain()
    lines = [json.loads(line) for line in (tmp_path / "STORED").read_text().splitlines()]
    assert [(line["row"], line["seed"]) for line in lines] == runs() and len(lines) == 12
    assert all(line["mixed_dev"] < line["dev"] for line in lines if line["seed"])
    assert {path.name for path in tmp_path.glob("*.pt")} == {f"network{seed}.pt" for seed in KEPT}
    before = (tmp_path / "STORED").read_text()
    word_runs.retrain()
    assert (tmp_path / "STORED").read_text() == before
