// Lesson 01: the table of pairs, two of its rows, and what a number added to every count does to them.
import { encode, letterBars, pressed, rect, shade, text } from "./draw.js";
import { el, shown } from "./frame.js";
import { pick, randomNumbers, unpack } from "./mlp.js";

const ROOM = 380; // pixels that the table takes, or the rows' bars at least

export function smoothing(frame, data) {
  const { itos } = data;
  const V = itos.length;
  const counts = unpack(data.counts);
  const left = 18; // room for the letters beside the table, and above it
  let over = null; // the cell under the pointer
  let size = 12; // of a cell, in pixels
  let cells = {}; // they stay, and only their colours change: to make all anew takes most of a picture's time

  const dice = randomNumbers(Date.now());
  let presses = 0;
  let walk = null; // a name that is being drawn: its letters so far, whether it has ended, and what was said last

  /** Draw the next letter from the row of the last, or begin another name. */
  function advance(name, alpha) {
    const letters = walk?.ended ? [] : name;
    const last = letters.at(-1) ?? 0;
    const probs = smoothed(rowOf(itos[last]), alpha);
    const next = pick(probs, dice());
    const ended = next === 0;
    const words = `From row '${itos[last]}' the dice drew ${ended ? "the end" : `'${itos[next]}'`} (${(100 * probs[next]).toFixed(1)}%).`;
    walk = { name: ended ? letters : [...letters, next], ended, words };
    frame.set("name", walk.name.map((i) => itos[i]).join(""));
    return walk.name;
  }

  frame.point(".table", (what, x, y) => {
    const [i, j] = [Math.floor((y - left) / size), Math.floor((x - left) / size)];
    const inside = what !== "leave" && Math.min(i, j) >= 0 && Math.max(i, j) < V;
    over = inside ? i * V + j : null;
    if (inside && what !== "over") frame.set("symbol", itos[i]);
    frame.redraw();
  });

  const rowOf = (symbol) => Array.from(counts.subarray(itos.indexOf(symbol) * V, (itos.indexOf(symbol) + 1) * V));
  const smoothed = (row, alpha) => {
    const total = row.reduce((sum, count) => sum + count + alpha, 0);
    return row.map((count) => (count + alpha) / total);
  };
  /** How much probability would have to move to make all alike: from 0 (uniform) to nearly 1. */
  const distance = (probs) => probs.reduce((sum, p) => sum + Math.abs(p - 1 / V), 0) / 2;

  function rowPicture(symbol, alpha, width, color) {
    const row = rowOf(symbol);
    const total = row.reduce((sum, count) => sum + count, 0);
    const probs = smoothed(row, alpha);
    const counted = total ? row.map((count) => count / total) : null;
    const words = `After '${symbol}' (${total.toLocaleString("en")} examples): ${distance(probs).toFixed(3)} from uniform`;
    const bars = letterBars(probs, itos, width, 104, { faint: counted, color, label: false });
    bars.setAttribute("data-row", symbol);
    return { symbol, probs, words, parts: [el("p", { class: "makemlp-title" }, words), bars] };
  }

  function table(name, alpha, symbols, width) {
    size = Math.min(width > 2 * ROOM ? 16 : 12, (width - left) / V);
    const way = walk && !walk.ended ? name : [...name, 0];
    const steps = name.length ? way.map((to, i) => (i ? name[i - 1] : 0) * V + to) : [];
    const cell = (at, attributes) =>
      rect(left + (at % V) * size, left + Math.floor(at / V) * size, size - 1, size - 1, attributes);
    if (cells.size !== size) cells = { size, all: Array.from(counts, (_, at) => cell(at)) };
    const shares = itos.flatMap((symbol) => smoothed(rowOf(symbol), alpha));
    for (const [at, share] of shares.entries()) cells.all[at].setAttribute("fill", shade(share));
    const letter = (i, x, y) =>
      text(x, y, itos[i], { "text-anchor": "middle", class: symbols.includes(itos[i]) ? "strong" : "quiet" });
    return pressed(
      "table",
      left + V * size,
      left + V * size,
      cells.all,
      steps.map((at) => cell(at, { fill: "none", stroke: "var(--orange)", "stroke-width": 2.5 })),
      over !== null && cell(over, { fill: "none", stroke: "var(--ink)", "stroke-width": 2 }),
      itos.map((_, i) => letter(i, left + (i + 0.5) * size, 12)),
      itos.map((_, i) => letter(i, 8, left + (i + 0.5) * size + 4)),
    );
  }

  function said(name, alpha) {
    if (over !== null) {
      const [from, to] = [Math.floor(over / V), over % V];
      const p = smoothed(rowOf(itos[from]), alpha)[to];
      const count = counts[over].toLocaleString("en");
      return `'${itos[to]}' follows '${itos[from]}' ${count} times: ${(100 * p).toFixed(2)}%`;
    }
    if (walk && !walk.ended) return walk.words;
    if (!name.length) return "Point at a cell, or click it for its row.";
    const steps = [...name, 0].map((to, i) => smoothed(rowOf(itos[i ? name[i - 1] : 0]), alpha)[to]);
    const loss = steps.reduce((sum, p) => sum - Math.log(p), 0) / steps.length;
    return `${walk?.words ?? ""} ${steps.map((p) => `${(100 * p).toFixed(1)}%`).join(" · ")} → loss ${loss.toFixed(3)} per character`;
  }

  return function draw({ alpha, symbol, beside, name, step }, width) {
    let letters = encode(name, itos, frame);
    if (walk?.name.join() !== letters.join()) walk = null; // somebody typed
    if (step !== presses) {
      presses = step;
      letters = advance(letters, alpha);
    }
    const room = width > 2 * ROOM ? width - V * 16 - left - 24 : width;
    const rows = [rowPicture(symbol, alpha, room, "var(--blue)"), rowPicture(beside, alpha, room, "var(--purple)")];
    const grid = table(letters, alpha, [symbol, beside], width);
    const alt = `${shown(alpha)} added to every count. ${rows.map((row) => row.words).join(". ")}.`;
    return {
      title: `${shown(alpha)} added to every count; outlined: the counts alone`,
      picture: el("div", { class: "makemlp-beside" }, [
        el("div", {}, ...rows.map((row) => row.parts)),
        el("div", {}, el("p", { class: "makemlp-title" }, said(letters, alpha)), grid),
      ]),
      alt,
      rows: rows.map((row) => row.probs),
      walk,
    };
  };
}
