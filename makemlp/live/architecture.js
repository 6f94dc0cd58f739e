// Lesson 03: the network's parts with as many cells as their vectors have numbers, and what they cost.
import { chart, drawing, legend, path, rect, ring, scale, text } from "./draw.js";
import { el } from "./frame.js";

const COLORS = { C: "--green", W1: "--blue", b1: "--blue", W2: "--orange", b2: "--orange", W: "--purple" };
const many = (count) =>
  count < 1e12
    ? count.toLocaleString("en")
    : `${(count / 10 ** Math.floor(Math.log10(count))).toFixed(1)}×10^${Math.floor(Math.log10(count))}`;

/** The numbers in each tensor, as `count_parameters` in Python. */
function countParameters(V, n, m, h, direct) {
  return { C: V * m, W1: n * m * h, b1: h, W2: h * V, b2: V, ...(direct ? { W: n * m * V } : {}) };
}

const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** A vector as a row of cells; where they would be too thin, it is a bar, as wide as the room. */
function strip(x, y, width, count, color) {
  const cell = Math.min(14, width / count);
  const thin = cell < 2.5;
  const whole = rect(x + (width - cell * count) / 2, y, cell * count, 16, {
    fill: `var(${color})`,
    "fill-opacity": 0.35,
  });
  if (thin) return whole;
  const left = x + (width - cell * count) / 2;
  const lines = Array.from({ length: count + 1 }, (_, i) => `M${(left + i * cell).toFixed(1)} ${y}v16`);
  return [whole, el("path", { d: lines.join(""), stroke: `var(${color})` })];
}

export function architecture(_frame, data) {
  const V = data.vocab_size;

  function network({ block_size: n, emb_dim: m, hidden_dim: h, direct }, width) {
    const shown = Math.min(n, Math.floor(width / 34));
    const step = width / shown;
    const middle = { "text-anchor": "middle" };
    const line = (x1, y1, x2, y2, more) => el("line", { x1, y1, x2, y2, stroke: "var(--quiet)", ...more });
    const columns = Array.from({ length: shown }, (_, i) => {
      const x = (i + 0.5) * step;
      const words = shown < n && i === 0 ? "…" : `−${shown - i}`;
      const room = Math.min(step - 8, 150);
      return [
        text(x, 12, words, middle),
        line(x, 18, x, 32),
        strip(x - room / 2, 34, room, m, "--green"),
        line(x, 52, width / 2 + (x - width / 2) * 0.5, 84),
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
      line(width / 2, 122, width / 2, 136),
      text(width / 2 + 8, 134, `× W1 (${n * m} × ${h}) + b1`, { class: "quiet" }),
      strip(0, 140, width, h, "--blue"),
      row(171, `tanh: ${h} hidden units`),
      line(width / 2, 176, width / 2, 190),
      text(width / 2 + 8, 188, `× W2 (${h} × ${V}) + b2`, { class: "quiet" }),
      strip(0, 194, width, V, "--orange"),
      row(226, `softmax over ${V} logits`),
      direct &&
        el("path", {
          d: `M6 102C-12 140 -12 170 6 194`,
          fill: "none",
          stroke: "var(--purple)",
          "stroke-width": 2,
          "stroke-dasharray": "5 3",
        }),
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
    const powers = [2, 5, 8, 11, 14, 17, 20, 23]
      .map((power) => 10 ** power)
      .filter((tick) => tick < V ** (longest + 1) * 10);
    const yWords = (value) => `10^${Math.round(Math.log10(value))}`;
    const label = "characters in the context";
    const ground = {
      xs: [1, longest],
      ys: [100, V ** (longest + 1)],
      log: true,
      xTicks: lengths,
      yTicks: powers,
      yWords,
      label,
    };
    const { x, y, axes } = chart(width, 200, ground);
    const mlp = lengths.map((n) => total(countParameters(V, n, emb_dim, hidden_dim, direct)));
    const table = lengths.map((n) => V ** (n + 1));
    const line = (values, attributes) =>
      path(
        lengths.map((n, i) => [x(n), y(values[i])]),
        { "stroke-width": 2, ...attributes },
      );
    const at = block_size - 1;
    return drawing(
      width,
      200,
      axes,
      line(table, { stroke: "var(--orange)", "stroke-dasharray": "7 4" }),
      line(mlp, { stroke: "var(--blue)" }),
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
        el(
          "div",
          {},
          bars(counts, room),
          legend([
            ["var(--orange)", "count table", "7 4"],
            ["var(--blue)", "this MLP"],
          ]),
          growth(state, room),
        ),
      ]),
      alt: `${title}. ${n} characters become ${n * m} numbers, then ${h} tanh units, then ${V} probabilities. ${parts.join(", ")}.`,
      counts,
    };
  };
}
