// Lesson 08: what the model thinks of a name, letter by letter, and where the name stands among many.
import { chart, drawing, encode, line, note, percent, pressed, rect, text } from "./draw.js";
import { order, readModel, readTable, scoreName, unpack } from "./mlp.js";

const [ROWS, LEFT, WIDE, HIGH] = [5, 62, 46, 30]; // candidates above each letter, room for words, and a cell's size
const BINS = 50;

/** A chance of exp(−nll) in words. */
function odds(nll) {
  if (nll === Infinity) return "held to be impossible";
  if (nll > 20) return `1 name in 10 to the power ${Math.round(nll / Math.LN10)}`;
  return `1 name in ${Number(Math.exp(nll).toPrecision(3)).toLocaleString("en")}`;
}

/** The chance of an answer in as few signs as a cell has room for. */
function short(p) {
  return p && p < 0.01 ? "<1%" : percent(p).replace(/\.\d/, "");
}

export function name(frame, data) {
  const { itos } = data;
  const labels = Object.keys(data.models);
  const models = {};
  for (const [label, packed] of Object.entries(data.models)) {
    if (packed.kind !== "counts") models[label] = readModel(packed);
    else {
      readTable(packed).then((model) => {
        models[label] = model;
        frame.redraw();
      });
    }
  }
  const lists = Object.fromEntries(labels.map((label) => [label, unpack(data.nlls[label]).filter(Number.isFinite)]));
  const edge = 1.3 * Math.max(1, ...Object.values(lists).map((nlls) => nlls.reduce((a, b) => Math.max(a, b), 0)));
  const counted = {};
  for (const [label, nlls] of Object.entries(lists)) {
    counted[label] = new Array(BINS).fill(0);
    for (const nll of nlls) counted[label][Math.min(BINS - 1, Math.floor((nll / edge) * BINS))] += 1;
  }
  const BLOCK = (ROWS + 0.6 + labels.length) * HIGH; // the height of a line of the strip
  let columns = 1;
  let read = [];
  let candidates = [];

  // A letter that is pressed is put in the place of the one that came; what follows stays.
  frame.point(".strip", (what, x, y) => {
    if (what !== "press") return;
    const block = Math.floor(y / BLOCK);
    const place = block * columns + Math.floor((x - LEFT) / WIDE);
    const letter = candidates[place]?.[Math.floor((y - block * BLOCK) / HIGH)];
    if (letter === undefined || x < LEFT) return;
    const next = letter === 0 ? read.slice(0, place) : [...read.slice(0, place), letter, ...read.slice(place + 1)];
    frame.set("name", next.map((i) => itos[i]).join(""));
  });

  function cell(x, y, index, p, came) {
    const paint = { fill: `rgba(var(--cell), ${(0.08 + 0.5 * Math.sqrt(p)).toFixed(3)})` };
    const frameIt = came ? { stroke: "var(--orange)", "stroke-width": 2.5 } : {};
    const style = { "text-anchor": "middle", class: came ? "strong" : "" };
    return [
      rect(x + 2, y + 2, WIDE - 4, HIGH - 4, { ...paint, ...frameIt }),
      text(x + WIDE / 2, y + HIGH / 2 + 4, `${itos[index]} ${short(p)}`, style),
    ];
  }

  /** What one model held likely above each letter, and below what every model gave the letter that came. */
  function strip(chosen, scored, width) {
    columns = Math.max(1, Math.floor((width - LEFT) / WIDE));
    const steps = scored[chosen];
    const height = Math.ceil(steps.length / columns) * BLOCK;
    candidates = steps.map((step) => order(step.probs).slice(0, ROWS));
    const cells = steps.map(({ probs, index }, i) => {
      const [x, y] = [LEFT + WIDE * (i % columns), Math.floor(i / columns) * BLOCK];
      const above = candidates[i].map((other, row) => cell(x, y + row * HIGH, other, probs[other], other === index));
      const below = labels.map((label, row) => {
        const p = scored[label]?.[i].probs[index];
        return p !== undefined && cell(x, y + (ROWS + 0.3 + row) * HIGH, index, p, label === chosen);
      });
      return [above, below];
    });
    const words = Array.from({ length: height / BLOCK }, (_, i) => [
      text(0, i * BLOCK + 19, "1st", { class: "quiet" }),
      text(0, i * BLOCK + (ROWS - 1) * HIGH + 19, `${ROWS}th`, { class: "quiet" }),
      labels.map((label, row) =>
        text(0, i * BLOCK + (ROWS + 0.3 + row) * HIGH + 19, labels.length > 1 ? label.slice(0, 9) : "came", {
          class: label === chosen ? "strong" : "",
        }),
      ),
    ]);
    return pressed("strip", width, height, words, cells);
  }

  function histogram(bins, nll, width) {
    const ys = [0, Math.max(...bins) * 1.05];
    const label = "NLL of a name in nats: the likeliest on the left";
    const { x, y, axes, bottom, top } = chart(width, 190, { xs: [0, edge], ys, label });
    const paint = { fill: "var(--blue)", "fill-opacity": 0.6 };
    const wide = x(edge / BINS) - x(0) - 1;
    const bars = bins.map((count, i) => rect(x((i * edge) / BINS), y(count), wide, bottom - y(count), paint));
    const at = x(Math.min(nll, edge));
    return drawing(width, 190, axes, bars, line(at, top, at, bottom, { stroke: "var(--orange)", "stroke-width": 3 }));
  }

  return function draw({ name: typed, writer }, width) {
    read = encode(typed, itos, frame);
    const asked = writer ?? labels[0];
    const chosen = models[asked] ? asked : labels.find((label) => models[label]); // a large table comes a moment later
    const scored = Object.fromEntries(Object.entries(models).map(([label, model]) => [label, scoreName(model, read)]));
    const total = (steps) => steps.reduce((sum, step) => sum + step.nll, 0);
    const totals = Object.fromEntries(Object.entries(scored).map(([label, steps]) => [label, total(steps)]));
    const [steps, nll, nlls] = [scored[chosen], totals[chosen], lists[chosen]];
    const likelier = nlls.filter((other) => other < nll - 1e-4).length;
    const word = read.map((i) => itos[i]).join("");
    const among = `${likelier.toLocaleString("en")} of ${nlls.length.toLocaleString("en")} names are likelier`;
    const worst = steps.indexOf(steps.reduce((most, step) => (step.nll > most.nll ? step : most)));
    const called = (index) => (index ? `'${itos[index]}'` : "the end");
    const said = steps.map((step) => `${called(step.index)} ${percent(step.probs[step.index])}`).join(", ");
    const surprise = `The greatest surprise${labels.length > 1 ? ` of the ${chosen}` : ""}: ${called(steps[worst].index)} in place ${worst + 1}.`;
    const side = labels.filter((label) => label in totals).map((label) => `${label} ${totals[label].toFixed(1)}`);
    const beside = labels.length > 1 ? ` In nats: ${side.join(", ")}.` : "";
    return {
      title: `'${word}': ${nll.toFixed(1)} nats, ${(nll / steps.length).toFixed(1)} per character; ${odds(nll)}`,
      picture: [
        strip(chosen, scored, width),
        note(`${among}. ${surprise}${beside} Press a letter to put it there.`),
        histogram(counted[chosen], nll, width),
      ],
      alt: `'${word}' has ${nll.toFixed(1)} nats, ${odds(nll)}; ${among}. ${said}.${beside}`,
      losses: steps.map((step) => step.nll),
      likelier,
      totals,
    };
  };
}
