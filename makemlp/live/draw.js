// What the pictures share: scales, axes, bars, and words that a reader may type.
import { el, Refusal } from "./frame.js";
import { order } from "./mlp.js";

/** A drawing of so many pixels; text in it is never smaller than the page's smallest, as nothing is scaled. */
export function drawing(width, height, ...children) {
  return el("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...children);
}

/** A drawing that a hand may press; `name` is its class, by which `frame.point` knows it. */
export function pressed(name, width, height, ...children) {
  const drawn = drawing(width, height, ...children);
  drawn.classList.add(name, "hand");
  return drawn;
}

/** The colour of a table's cell for a probability. */
export function shade(p) {
  return `rgba(var(--cell), ${Math.min(1, 0.04 + 1.2 * Math.sqrt(p)).toFixed(3)})`;
}

/** Small words beside a drawing. */
export function note(...words) {
  return el("p", { class: "makemlp-note" }, ...words);
}

/** A bar that shows how much of something is done; `label` says of what. */
export function progress(value, max, label) {
  return el("progress", { value: Math.min(value, max), max, "aria-label": label });
}

/** The sizes of a square, no larger than `most`, and of what stands beside it or, where there is no room, below it. */
export function squareAnd(width, share, most) {
  const size = Math.min(width > 480 ? share * width : width, most);
  return [size, width > 480 ? width - size - 24 : width];
}

/** A square beside other parts. */
export function beside(square, room, ...parts) {
  return el("div", { class: "makemlp-beside" }, [
    el("div", {}, square),
    el("div", { style: `width: ${room}px` }, parts),
  ]);
}

/** A function from the numbers low … high to the pixels from … to; with `log`, equal factors take equal room. */
export function scale(low, high, from, to, log = false) {
  const place = log ? Math.log : (value) => value;
  return (value) => from + ((place(value) - place(low)) / (place(high) - place(low))) * (to - from);
}

export function text(x, y, words, attributes = {}) {
  return el("text", { x, y, ...attributes }, words === " " ? "␣" : words);
}

export function rect(x, y, width, height, attributes = {}) {
  return el("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), ...attributes });
}

export function line(x1, y1, x2, y2, attributes = {}) {
  return el("line", { x1, y1, x2, y2, ...attributes });
}

/** A line through [x, y] points; what is not a number breaks it. */
export function path(points, attributes = {}) {
  let pen = "M";
  const parts = points.map(([x, y]) => {
    const part = Number.isFinite(y) ? `${pen}${x.toFixed(1)} ${y.toFixed(1)}` : "";
    pen = part ? "L" : "M";
    return part;
  });
  return el("path", { d: parts.join(""), fill: "none", ...attributes });
}

/** Round numbers from low to high, about so many. */
export function ticks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/** An axis on the left: a faint line and a number at each tick. */
export function leftAxis(values, y, left, right, words) {
  return [
    ...values.map((value) => line(left, y(value), right, y(value), { class: "grid" })),
    ...values.map((value) => text(left - 6, y(value) + 4, words(value), { "text-anchor": "end", class: "quiet" })),
  ];
}

/** Numbers or letters under an axis, and below them what they are, where it is said. */
export function bottomAxis(values, x, bottom, words, label, middle) {
  return [
    ...values.map((value) => text(x(value), bottom + 16, words(value), { "text-anchor": "middle" })),
    label && text(middle, bottom + 34, label, { "text-anchor": "middle", class: "quiet" }),
  ];
}

/** A probability as it is written: 33%, 4.7%, 0.02%. */
export function percent(p) {
  return p >= 0.0995 ? `${Math.round(100 * p)}%` : `${(100 * p).toFixed(p < 0.001 ? 2 : 1)}%`;
}

/** Bars of next-character probabilities, the tallest with their numbers; `faint` is outlined above them. */
export function letterBars(probs, itos, width, height, { faint = null, color = "var(--blue)", label = true } = {}) {
  const [left, top, bottom] = [34, 18, height - (label ? 40 : 22)];
  const high = Math.max(...probs, ...(faint ?? []), 0.01) * 1.04;
  const step = (width - left) / probs.length;
  const x = (i) => left + (i + 0.5) * step;
  const y = scale(0, high, bottom, top);
  const bar = (p, i, attributes) => rect(x(i) - 0.4 * step, y(p), 0.8 * step, bottom - y(p), attributes);
  const hit = (p, i) => {
    const whole = bar(high, i, { fill: "transparent" });
    whole.append(el("title", {}, `${itos[i]} ${percent(p)}`));
    return whole;
  };
  const all = Array.from(probs);
  const [written, named] = [[], []]; // a number or a letter that would run into a taller bar's is left out
  for (const i of order(probs)) if (named.every((j) => Math.abs(x(i) - x(j)) > 10.9)) named.push(i);
  for (const i of order(probs).slice(0, 4)) {
    const free = (j) => Math.abs(x(i) - x(j)) > 30 || Math.abs(y(probs[i]) - y(probs[j])) > 14;
    if (probs[i] > 0 && written.every(free)) written.push(i);
  }
  return drawing(
    width,
    height,
    leftAxis(ticks(0, high, 3), y, left, width, (p) => `${Math.round(100 * p)}%`),
    all.map((p, i) => bar(p, i, { fill: color })),
    faint && all.map((_, i) => bar(faint[i], i, { fill: "none", stroke: "var(--orange)", "stroke-width": 1.5 })),
    written.map((i) => text(x(i), y(probs[i]) - 4, percent(probs[i]), { "text-anchor": "middle" })),
    all.map(hit),
    bottomAxis(
      named,
      x,
      bottom,
      (i) => itos[i],
      label && `next character ('${itos[0]}' ends the name)`,
      width / 2 + 17,
    ),
  );
}

/** "'a' 33%, 'e' 12%": the likeliest in words. */
export function likeliest(probs, itos, count = 3) {
  const top = order(probs).slice(0, count);
  return top.map((i) => `'${itos[i]}' ${percent(probs[i])}`).join(", ");
}

/**
 * A typed name as indices, as data/spelling.py reads it. Capitals and accents that the vocabulary lacks are read as the
 * letter that it has, and the frame says so; anything else is refused.
 */
export function encode(typed, itos, frame) {
  const known = (form) => form && Array.from(form).every((letter) => itos.indexOf(letter) > 0);
  const letters = (typed && known(typed) ? [typed] : Array.from(typed.normalize("NFC").trim())).map((letter, at) => {
    const bare = letter.normalize("NFD").replace(/\p{M}/gu, "");
    const found = [letter, bare].flatMap((form) => [form, form.toLowerCase(), form.toUpperCase()]).find(known);
    if (found) return found;
    const why = letter === itos[0] ? "is the sign that marks where names begin and end" : "is not one of its letters";
    throw new Refusal(`The model can't read '${letter}' (character ${at + 1} of '${typed}'): it ${why}.`);
  });
  const read = letters.join("");
  if (read !== typed) frame.note = `Read as '${read}', in the letters that the model knows.`;
  return Array.from(read, (letter) => itos.indexOf(letter));
}

/** The ground of a line chart: both axes, and scales x and y from numbers to pixels. `log` is of the upright axis. */
export function chart(width, height, { xs, ys, log = false, xTicks, yTicks, xWords = String, yWords = String, label }) {
  const [left, top, right, bottom] = [46, 12, width - 12, height - 40];
  const x = scale(...xs, left, right);
  const y = scale(...ys, bottom, top, log);
  const axes = [
    leftAxis(yTicks ?? ticks(...ys, 5), y, left, right, yWords),
    bottomAxis(xTicks ?? ticks(...xs, 6), x, bottom, xWords, label, (left + right) / 2),
  ];
  return { x, y, axes, left, top, right, bottom, valueAt: scale(left, right, ...xs) };
}

/** A line of the legend above a chart: [colour, words, dashes] each. */
export function legend(entries) {
  const items = entries.map(([color, words, dashes]) => {
    const mark = line(0, 5, 22, 5, { stroke: color, "stroke-width": 2.5, "stroke-dasharray": dashes });
    return el("span", {}, el("svg", { width: 22, height: 10, "aria-hidden": "true" }, mark), words);
  });
  return el("p", { class: "makemlp-legend" }, items);
}

/** A ring around a point, with its number beside it: right of it, or left where it is beyond `turn`. */
export function ring(x, y, words, turn = Infinity, attributes = {}) {
  const side = x > turn ? { x: x - 11, "text-anchor": "end" } : { x: x + 11 };
  return [
    el("circle", { cx: x, cy: y, r: 7, fill: "none", stroke: "var(--ink)", "stroke-width": 2 }),
    el("text", { ...side, y: y - 8, class: "strong", ...attributes }, words),
  ];
}

/**
 * Letters at their points (V of [x, y]) on a square map. A step to the right is as long as one upwards. The few that lie
 * far out stand at the edge, in another colour, or they would press all others into a heap. `limit` keeps several maps
 * to one scale. Returns {x, y, parts, at(px, py), valueAt(px, py)}; the last two are the letter near a
 * place, or null, and the point there.
 */
export function letterMap(points, itos, size, { limit = reach(points), chosen = null } = {}) {
  const inside = (value) => Math.max(-limit, Math.min(limit, value));
  const x = scale(-limit, limit, 12, size - 12);
  const y = scale(-limit, limit, size - 12, 12);
  const places = points.map(([a, b]) => [x(inside(a)), y(inside(b))]);
  const parts = itos.map((letter, i) => {
    const out = Math.max(...points[i].map(Math.abs)) > limit;
    const vowel = letter !== "й" && /^[aeiouæœøıаеиоуыэюяєіαεηιουω]\p{M}*$/iu.test(letter.normalize("NFD"));
    const [px, py] = places[i];
    const style = { "text-anchor": "middle", class: vowel || !i ? "strong letter" : "letter" };
    return [
      vowel && el("circle", { cx: px, cy: py, r: 10, fill: "none", stroke: "var(--orange)" }),
      !i && rect(px - 8, py - 8, 16, 16, { fill: "none", stroke: "var(--ink)" }),
      i === chosen && el("circle", { cx: px, cy: py, r: 13, fill: "none", stroke: "var(--purple)", "stroke-width": 3 }),
      text(px, py + 5, letter, out ? { ...style, style: "fill: var(--purple)" } : style),
    ];
  });
  const at = (px, py) => nearest(places, px, py);
  const valueAt = (px, py) => [scale(12, size - 12, -limit, limit)(px), scale(size - 12, 12, -limit, limit)(py)];
  return { x: (value) => x(inside(value)), y: (value) => y(inside(value)), parts, at, valueAt };
}

/**
 * Words at their points on a square map around `middle`, those of `first` before all others; a word that would run into
 * one of these is a dot. Returns what `letterMap` returns, but for valueAt.
 */
export function wordMap(points, itos, size, { middle, limit, first }) {
  const x = scale(middle[0] - limit, middle[0] + limit, 12, size - 12);
  const y = scale(middle[1] - limit, middle[1] + limit, size - 12, 12);
  const [places, taken] = [points.map(([a, b]) => [x(a), y(b)]), []];
  const parts = [...new Set([...first, ...itos.keys()])].map((i) => {
    const [px, py] = places[i];
    if (Math.min(px, py) < 0 || Math.max(px, py) > size) return null;
    const half = 3.8 * itos[i].length + 3;
    if (taken.some(([a, b, other]) => Math.abs(px - a) < half + other && Math.abs(py - b) < 15))
      return el("circle", { cx: px, cy: py, r: 1.5, fill: "var(--quiet)" });
    taken.push([px, py, half]);
    return text(px, py + 5, itos[i], { "text-anchor": "middle", class: `letter ${first.includes(i) ? "strong" : ""}` });
  });
  return { x, y, parts, at: (px, py) => nearest(places, px, py) };
}

/** A map in its frame, on which a hand points; `below` is drawn under its letters. */
export function mapDrawing(size, map, below = []) {
  const ground = rect(0, 0, size, size, { fill: "none", stroke: "var(--line)" });
  const drawn = pressed("map", size, size, ground, below, map.parts);
  drawn.style.overflow = "hidden"; // a line may lead to a word beyond the edge
  return drawn;
}

/** Which of [x, y] places is nearest to a pointer, no farther from it than a finger is wide; null for none. */
export function nearest(places, px, py) {
  const apart = places.map(([x, y]) => Math.hypot(x - px, y - py));
  const near = apart.indexOf(Math.min(...apart));
  return apart[near] < 24 ? near : null;
}

/** How far from 0 a map goes, so that all but the farthest twentieth of its points are inside. */
export function reach(points) {
  const far = points.map((point) => Math.max(...point.map(Math.abs))).sort((a, b) => a - b);
  return 1.12 * far[Math.floor(0.95 * (far.length - 1))] || 1;
}

/** The numbers of a flat array in pairs. */
export function pairs(flat) {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
}
