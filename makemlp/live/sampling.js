// Lessons 00 and 08: what the model holds likely to come next, and names that it makes up.
import { encode, letterBars, likeliest } from "./draw.js";
import { el } from "./frame.js";
import { contextOf, readModel, sampleNames, softmax, unpackWords } from "./mlp.js";

export function sampling(frame, data) {
  const model = readModel(data.model);
  let real = null;
  if (data.names) {
    unpackWords(data.names).then((words) => {
      real = new Set(words);
      frame.redraw();
    });
  }

  return function draw({ temperature, top_k, top_p, prefix, again }, width) {
    const { itos, n } = data;
    const begun = encode(prefix, itos, frame);
    const how = { temperature, topK: top_k, topP: top_p };
    const plain = softmax(model.logits(contextOf(begun, model.block_size)));
    const probs = softmax(model.logits(contextOf(begun, model.block_size)), how);
    const drawn = sampleNames(model, n, { ...how, prefix: begun, seed: again });
    const names = drawn.map((indices) => indices.map((i) => itos[i]).join(""));
    const known = names.filter((name) => real?.has(name)).length;
    const changed = temperature !== 1 || top_k < itos.length || top_p < 1;
    const items = names.map((name) => {
      const isReal = real?.has(name);
      return el("li", { class: isReal ? "real" : "" }, `${isReal ? "● " : ""}${name || "(empty)"}`);
    });
    const bars = letterBars(probs, itos, width, 190, { faint: changed ? plain : null });
    const after = begun.length ? `after '${begun.map((i) => itos[i]).join("")}'` : "at the beginning";
    const ofReal = real ? `; ● ${known} of them are in the list of real names` : "";
    const outlines = changed ? "; outlined: the model's own opinion" : "";
    return {
      title: `What comes next ${after}${outlines}`,
      picture: [
        bars,
        el("p", { class: "makemlp-title" }, `${n} names from these dice${ofReal}`),
        el("ul", { class: "makemlp-names" }, items),
      ],
      alt: `Most likely ${after}: ${likeliest(probs, itos)}. Names: ${names.slice(0, 6).join(", ")} …${ofReal}.`,
      probs,
      names,
    };
  };
}
