// Lesson 04: every number on the way from the last characters to the next one, beside those of another text.
import {
  drawing,
  encode,
  legend,
  letterBars,
  likeliest,
  line,
  note,
  path,
  percent,
  pressed,
  rect,
  scale,
  text,
} from "./draw.js";
import { el } from "./frame.js";
import { contextOf, forward, order, readModel, softmax } from "./mlp.js";

const FLAT = 0.97; // beyond it tanh hardly moves

/** A colour for −1 … 1: blue below zero, orange above, paler near it. */
function shade(value) {
  return { fill: value < 0 ? "var(--blue)" : "var(--orange)", "fill-opacity": Math.min(1, Math.abs(value)).toFixed(3) };
}

export function prediction(frame, data) {
  const { itos } = data;
  const model = readModel(data.model);
  const { block_size, emb_dim, hidden_dim: H, vocab_size: V } = model;
  const largest = model.C.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let unit = null; // the hidden unit that was pressed
  let grid = { columns: 1, size: 1 };

  frame.point(".units", (what, x, y) => {
    if (what === "leave" || what === "over") return;
    const found = Math.floor(y / grid.size) * grid.columns + Math.floor(x / grid.size);
    if (found >= 0 && found < H) unit = found;
    frame.redraw();
  });

  function run(typed, scales) {
    const context = contextOf(encode(typed, itos, frame), block_size);
    const scaled = { ...model, W1: model.W1.map((w) => w * scales[0]), W2: model.W2.map((w) => w * scales[1]) };
    const { emb, sums, h, logits } = forward(scaled, context);
    return { emb, sums, h, context: context.map((i) => itos[i]), probs: softmax(logits), W2: scaled.W2 };
  }

  function embeddings({ emb, context }, width) {
    const size = Math.min(40, (width - 30) / emb_dim);
    const cells = Array.from(emb, (value, i) => {
      const [x, y] = [30 + (i % emb_dim) * size, Math.floor(i / emb_dim) * 20];
      const number =
        size >= 34 && text(x + size / 2, y + 14, value.toFixed(1).replace("-", "−"), { "text-anchor": "middle" });
      return [rect(x, y, size - 1, 19, { ...shade(0.7 * (value / largest)) }), number];
    });
    return drawing(
      width,
      20 * block_size,
      cells,
      context.map((letter, i) => text(0, 20 * i + 14, `'${letter}'`)),
    );
  }

  function units({ h }, other, width) {
    const size = Math.max(10, Math.min(16, Math.floor(Math.sqrt((width * 64) / H))));
    const columns = Math.floor(width / size);
    grid = { columns, size };
    const cell = (i, attributes) =>
      rect((i % columns) * size, Math.floor(i / columns) * size, size - 1, size - 1, attributes);
    const moved = Array.from(h.keys()).filter((i) => Math.abs(h[i] - other.h[i]) > 0.5);
    const drawn = pressed(
      "units",
      width,
      Math.ceil(H / columns) * size,
      Array.from(h, (value, i) => cell(i, shade(value))),
      moved.map((i) => cell(i, { fill: "none", stroke: "var(--ink)", "stroke-width": 1.5 })),
      unit !== null && cell(unit, { fill: "none", stroke: "var(--purple)", "stroke-width": 3 }),
    );
    return { drawn, moved: moved.length };
  }

  function curve({ sums }, width) {
    const [x, y] = [scale(-5, 5, 0, width), scale(-1, 1, 74, 6)];
    const points = Array.from({ length: 81 }, (_, i) => [x(-5 + i / 8), y(Math.tanh(-5 + i / 8))]);
    const inside = (sum) => Math.min(4.95, Math.max(-4.95, sum));
    const dots = Array.from(sums, (sum) => `M${x(inside(sum)).toFixed(1)} ${y(Math.tanh(sum)).toFixed(1)}h0`).join("");
    return drawing(
      width,
      96,
      line(0, y(0), width, y(0), { class: "grid" }),
      path(points, { stroke: "var(--quiet)" }),
      el("path", {
        d: dots,
        stroke: "var(--blue)",
        "stroke-width": 6,
        "stroke-linecap": "round",
        "stroke-opacity": 0.4,
      }),
      [-4, -2, 0, 2, 4].map((tick) =>
        text(x(tick), 92, String(tick).replace("-", "−"), { "text-anchor": "middle", class: "quiet" }),
      ),
    );
  }

  function ofUnit({ sums, h, W2 }) {
    const weights = W2.subarray(unit * V, (unit + 1) * V).map((w) => w * h[unit]);
    const ranked = order(weights);
    const names = (indices) => indices.map((i) => `'${itos[i]}'`).join(" ");
    const value = `tanh(${sums[unit].toFixed(2)}) = ${h[unit].toFixed(2)}`.replaceAll("-", "−");
    return `Unit ${unit + 1}: ${value}; here it speaks for ${names(ranked.slice(0, 3))}, against ${names(ranked.slice(-3))}.`;
  }

  return function draw({ prefix, beside, w1, w2 }, width) {
    const other = run(beside, [w1, w2]);
    const one = run(prefix, [w1, w2]);
    const flat = one.h.filter((value) => Math.abs(value) > FLAT).length;
    const { drawn, moved } = units(one, other, width);
    const [here, there] = [one.context.join(""), other.context.join("")];
    const same = here === there ? "" : `; framed: ${moved} that differ by more than 0.5 after '${there}'`;
    return {
      title: `After '${here}': ${likeliest(one.probs, itos)}`,
      picture: [
        note(`C[X]: the embeddings, ${block_size} × ${emb_dim}`),
        embeddings(one, width),
        note(`h: ${H} hidden units, blue −1 to orange +1${same}.`),
        drawn,
        note(unit === null ? "Press a unit to see what it says." : ofUnit(one)),
        note(`tanh and the ${H} sums on it: ${flat} beyond ±${FLAT}`),
        curve(one, width),
        here === there
          ? null
          : legend([
              ["var(--blue)", `after '${here}'`],
              ["var(--orange)", `after '${there}'`],
            ]),
        letterBars(one.probs, itos, width, 165, { faint: here === there ? null : other.probs, label: false }),
      ].filter(Boolean),
      alt: `After '${here}' most likely: ${likeliest(one.probs, itos)}. ${flat} of ${H} hidden units are beyond ±${FLAT}${same}. The likeliest has ${percent(Math.max(...one.probs))}.`,
      probs: one.probs,
      h: one.h,
      moved,
    };
  };
}
