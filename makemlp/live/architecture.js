// Lesson 03: the network's parts with as many cells as their vectors have numbers, and what they cost.
import { chart, drawing, legend, line, path, rect, ring, scale, text } from "./draw.js";
import { el } from "./frame.js";

const COLORS = { C: "--green", W1: "--blue", b1: "--blue", W2: "--orange", b2: "--orange", W: "--purple" };
const LINES = [
  ["var(--orange)", "count table", "7 4"],
  ["var(--blue)", "this MLP"],
];
const DASHED = { stroke: "var(--purple)", "stroke-width": 2, "stroke-dasharray": "5 3" };

function many(count) {
  const power = Math.floor(Math.log10(count));
  return power < 12 ? count.toLocaleString("en") : `${(count / 10 ** power).toFixed(1)}×10^${power}`;
}

/** The numbers in each tensor, as `count_parameters` in Python. */
function countParameters(V, n, m, h, direct) {
  return { C: V * m, W1: n * m * h, b1: h, W2: h * V, b2: V, ...(direct ? { W: n * m * V } : {}) };
}

const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** A vector as a row of cells; where they would be too thin, it is a bar, as wide as the room. */
function strip(x, y, width, count, color) {
  const cell = Math.min(14, width / count);
  const left = x + (width - cell * count) / 2;
  const whole = rect(left, y, cell * count, 16, { fill: `var(${color})`, "fill-opacity": 0.35 });
  if (cell < 2.5) return whole;
  const lines = Array.from({ length: count + 1 }, (_, i) => `M${(left + i * cell).toFixed(1)} ${y}v16`);
  return [whole, el("path", { d: lines.join(""), stroke: `var(${color})` })];
}

export function architecture(_frame, data) {
  const V = data.vocab_size;

  function network({ block_size: n, emb_dim: m, hidden_dim: h, direct }, width) {
    const shown = Math.min(n, Math.floor(width / 34));
    const step = width / shown;
    const middle = { "text-anchor": "middle" };
    const way = (...ends) => line(...ends, { stroke: "var(--quiet)" });
    const columns = Array.from({ length: shown }, (_, i) => {
      const x = (i + 0.5) * step;
      const words = shown < n && i === 0 ? "…" : `−${shown - i}`;
      const room = Math.min(step - 8, 150);
      return [
        text(x, 12, words, middle),
        way(x, 18, x, 32),
        strip(x - room / 2, 34, room, m, "--green"),
        way(x, 52, width / 2 + (x - width / 2) * 0.5, 84),
      ];
    });
    const row = (y, words) => text(width / 2, y, words, middle);
    return drawing(
      width,
      262,
      columns,
      row(70, `each picks its row of C (${V} × ${m})`),
      strip(0, 86, width, n * m, "--green"),
      row(117, `concatenated: ${n} × ${m} = ${n * m} numbers`),
      way(width / 2, 122, width / 2, 136),
      text(width / 2 + 8, 134, `× W1 (${n * m} × ${h}) + b1`, { class: "quiet" }),
      strip(0, 140, width, h, "--blue"),
      row(171, `tanh: ${h} hidden units`),
      way(width / 2, 176, width / 2, 190),
      text(width / 2 + 8, 188, `× W2 (${h} × ${V}) + b2`, { class: "quiet" }),
      strip(0, 194, width, V, "--orange"),
      row(226, `softmax over ${V} logits`),
      direct && el("path", { d: "M6 102C-12 140 -12 170 6 194", fill: "none", ...DASHED }),
      direct && text(10, 250, `dashed: straight across by W (${n * m} × ${V})`, { class: "quiet" }),
    );
  }

  function bars(counts, width) {
    const names = Object.keys(counts);
    const x = scale(0, Math.max(...Object.values(counts)), 30, width - 80);
    return drawing(
      width,
      22 * names.length + 4,
      names.map((name, i) => [
        text(0, 22 * i + 15, name),
        rect(30, 22 * i + 3, x(counts[name]) - 30, 16, { fill: `var(${COLORS[name]})` }),
        text(x(counts[name]) + 5, 22 * i + 15, counts[name].toLocaleString("en")),
      ]),
    );
  }

  function growth({ block_size, emb_dim, hidden_dim, direct }, width) {
    const longest = Math.max(10, block_size);
    const lengths = Array.from({ length: longest }, (_, i) => i + 1);
    const ys = [100, V ** (longest + 1)];
    const yTicks = [2, 5, 8, 11, 14, 17, 20, 23].map((power) => 10 ** power).filter((tick) => tick < ys[1] * 10);
    const yWords = (value) => `10^${Math.round(Math.log10(value))}`;
    const ground = { xs: [1, longest], ys, log: true, xTicks: lengths, yTicks, yWords };
    const { x, y, axes } = chart(width, 200, { ...ground, label: "characters in the context" });
    const mlp = lengths.map((n) => total(countParameters(V, n, emb_dim, hidden_dim, direct)));
    const table = lengths.map((n) => V ** (n + 1));
    const points = (values) => lengths.map((n, i) => [x(n), y(values[i])]);
    const at = block_size - 1;
    return drawing(
      width,
      200,
      axes,
      path(points(table), { stroke: "var(--orange)", "stroke-width": 2, "stroke-dasharray": "7 4" }),
      path(points(mlp), { stroke: "var(--blue)", "stroke-width": 2 }),
      ring(x(block_size), y(table[at]), ""),
      ring(x(block_size), y(mlp[at]), ""),
    );
  }

  return function draw(state, width) {
    const { block_size: n, emb_dim: m, hidden_dim: h, direct } = state;
    const counts = countParameters(V, n, m, h, direct);
    const room = width > 700 ? width / 2 - 12 : width;
    const title = `${total(counts).toLocaleString("en")} parameters; a count table of ${n} characters has ${many(V ** (n + 1))} cells`;
    const parts = Object.entries(counts).map(([name, count]) => `${name} ${count.toLocaleString("en")}`);
    return {
      title,
      picture: el("div", { class: "makemlp-beside" }, [
        network(state, room),
        el("div", {}, bars(counts, room), legend(LINES), growth(state, room)),
      ]),
      alt: `${title}. ${n} characters become ${n * m} numbers, then ${h} tanh units, then ${V} probabilities. ${parts.join(", ")}.`,
      counts,
    };
  };
}
