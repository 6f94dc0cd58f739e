// Lesson 08: what the model thinks of a name, letter by letter, and where the name stands among many.
import { chart, drawing, encode, path, percent, rect, text } from "./draw.js";
import { el } from "./frame.js";
import { order, readModel, scoreName, unpack } from "./mlp.js";

const [ROWS, WIDE, HIGH] = [5, 46, 30]; // candidates above each letter, and a cell's size
const BINS = 50;

/** A chance of exp(−nll) in words. */
function odds(nll) {
  if (nll === Infinity) return "held to be impossible";
  if (nll > 20) return `1 name in 10 to the power ${Math.round(nll / Math.LN10)}`;
  return `1 name in ${Number(Math.exp(nll).toPrecision(3)).toLocaleString("en")}`;
}

export function name(frame, data) {
  const { itos } = data;
  const model = readModel(data.model);
  const nlls = unpack(data.nlls).filter(Number.isFinite);
  const edge = 1.3 * Math.max(1, ...nlls);
  const bins = new Array(BINS).fill(0);
  for (const nll of nlls) bins[Math.min(BINS - 1, Math.floor((nll / edge) * BINS))] += 1;
  let columns = 1;
  let read = [];
  let candidates = [];

  // A letter that is pressed is put in the place of the one that came; what follows stays.
  frame.point(".strip", (what, x, y) => {
    if (what !== "press") return;
    const block = Math.floor(y / ((ROWS + 1.6) * HIGH));
    const place = block * columns + Math.floor((x - WIDE) / WIDE);
    const letter = candidates[place]?.[Math.floor((y - block * (ROWS + 1.6) * HIGH) / HIGH)];
    if (letter === undefined || x < WIDE) return;
    const next = letter === 0 ? read.slice(0, place) : [...read.slice(0, place), letter, ...read.slice(place + 1)];
    frame.set("name", next.map((i) => itos[i]).join(""));
  });

  function cell(x, y, index, p, came) {
    const paint = { fill: `rgba(var(--cell), ${(0.08 + 0.5 * Math.sqrt(p)).toFixed(3)})` };
    const frameIt = came ? { stroke: "var(--orange)", "stroke-width": 2.5 } : {};
    return [
      rect(x + 2, y + 2, WIDE - 4, HIGH - 4, { ...paint, ...frameIt }),
      text(x + WIDE / 2, y + HIGH / 2 + 4, `${itos[index]} ${p && p < 0.01 ? "<1%" : percent(p).replace(/\.\d/, "")}`, {
        "text-anchor": "middle",
        class: came ? "strong" : "",
      }),
    ];
  }

  function strip(steps, width) {
    columns = Math.max(1, Math.floor(width / WIDE) - 1);
    const block = (ROWS + 1.6) * HIGH;
    const height = Math.ceil(steps.length / columns) * block;
    candidates = steps.map((step) => order(step.probs).slice(0, ROWS));
    const cells = steps.map(({ probs, index }, i) => {
      const [x, y] = [WIDE * (1 + (i % columns)), Math.floor(i / columns) * block];
      const above = candidates[i].map((other, row) => cell(x, y + row * HIGH, other, probs[other], other === index));
      return [...above, cell(x, y + (ROWS + 0.3) * HIGH, index, probs[index], true)];
    });
    const words = Array.from({ length: height / block }, (_, i) => [
      text(0, i * block + 19, "1st", { class: "quiet" }),
      text(0, i * block + (ROWS - 1) * HIGH + 19, `${ROWS}th`, { class: "quiet" }),
      text(0, i * block + (ROWS + 0.3) * HIGH + 19, "came", { class: "strong" }),
    ]);
    const drawn = drawing(width, height, words, cells);
    drawn.classList.add("strip", "hand");
    return drawn;
  }

  function histogram(nll, width) {
    const ys = [0, Math.max(...bins) * 1.05];
    const { x, y, axes, bottom, top } = chart(width, 190, {
      xs: [0, edge],
      ys,
      label: "NLL of a name in nats: the likeliest on the left",
    });
    const bar = (count, i) =>
      rect(x((i * edge) / BINS), y(count), x(edge / BINS) - x(0) - 1, bottom - y(count), {
        fill: "var(--blue)",
        "fill-opacity": 0.6,
      });
    const mark = x(Math.min(nll, edge));
    return drawing(
      width,
      190,
      axes,
      bins.map(bar),
      path(
        [
          [mark, top],
          [mark, bottom],
        ],
        { stroke: "var(--orange)", "stroke-width": 3 },
      ),
    );
  }

  return function draw({ name: typed }, width) {
    read = encode(typed, itos, frame);
    const steps = scoreName(model, read);
    const nll = steps.reduce((sum, step) => sum + step.nll, 0);
    const likelier = nlls.filter((other) => other < nll - 1e-4).length;
    const word = read.map((i) => itos[i]).join("");
    const among = `${likelier.toLocaleString("en")} of ${nlls.length.toLocaleString("en")} names are likelier`;
    const worst = steps.indexOf(steps.reduce((most, step) => (step.nll > most.nll ? step : most)));
    const called = (index) => (index ? `'${itos[index]}'` : "the end");
    const said = steps.map((step) => `${called(step.index)} ${percent(step.probs[step.index])}`).join(", ");
    return {
      title: `'${word}': ${nll.toFixed(1)} nats, ${(nll / steps.length).toFixed(1)} per character; ${odds(nll)}`,
      picture: [
        strip(steps, width),
        el(
          "p",
          { class: "makemlp-note" },
          `${among}. The greatest surprise: ${called(steps[worst].index)} in place ${worst + 1}. Press a letter to put it there.`,
        ),
        histogram(nll, width),
      ],
      alt: `'${word}' has ${nll.toFixed(1)} nats, ${odds(nll)}; ${among}. ${said}.`,
      losses: steps.map((step) => step.nll),
      likelier,
    };
  };
}
