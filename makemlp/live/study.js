// Lesson 06: a study's trials in order, and against each of their settings, as they come in.
import {
  bottomAxis,
  leftAxis,
  legend,
  nearest,
  note,
  path,
  pressed,
  progress,
  ring,
  scale,
  text,
  ticks,
} from "./draw.js";
import { el, shown } from "./frame.js";

const REACH = 0.5; // nats above the best: what is worse stands at the edge
const HEIGHT = 150; // of a panel

/** Round numbers between two, at most so many, for an axis on which equal factors take equal room. */
function powers(low, high, most) {
  const tens = Array.from({ length: 12 }, (_, i) => 10 ** (i - 6));
  const between = (all) => all.filter((value) => value >= low && value <= high).map((v) => Number(v.toPrecision(1)));
  const found = [between(tens.flatMap((ten) => [ten, 3 * ten])), between(tens)];
  return found.find((some) => some.length > 1 && some.length <= most) ?? [low, high];
}

export function study(frame, data) {
  let [over, chosen, places] = [null, null, []];

  frame.point(".board", (what, x, y) => {
    const near = what === "leave" ? null : nearest(places, x, y);
    over = near === null ? null : near % frame.sent.rows.length;
    if (what === "press") chosen = over;
    frame.redraw();
  });

  /** The marks of all trials over one of their numbers, from `left` and `top` on. */
  function panel(rows, name, at, left, top, width, height) {
    const [values, devs] = [rows.map((row) => row[name]), rows.map((row) => row.dev)];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = low === high ? 1 : 0;
    const log = name !== "number" && low > 0 && high > 8 * low;
    const least = Math.min(...devs);
    const most = Math.min(least + REACH, Math.max(...devs, least + 0.02));
    const [right, bottom] = [left + width - 12, top + height - 40];
    const x = scale(low - room, high + room, left + 44, right, log);
    const y = scale(least, most, bottom - 6, top + 16);
    const round = ticks(low - room, high + room, width / 70);
    const whole = values.every(Number.isInteger) ? round.filter(Number.isInteger) : round;
    const across = log ? powers(low, high, width / 50) : whole;
    const own = rows.map((row, i) => [x(values[i]), y(Math.min(most, row.dev))]);
    const marks = rows.map((row, i) => {
      const [cx, cy] = own[i];
      if (row.pruned) return text(cx, cy + 4, "×", { "text-anchor": "middle", style: "fill: var(--orange)" });
      return el("circle", { cx, cy, r: 4, fill: "var(--blue)" });
    });
    places.push(...own);
    return [
      leftAxis(ticks(least, most, 4), y, left + 38, right, (value) => value.toFixed(2)),
      bottomAxis(across, x, bottom, shown, name === "number" ? "trial" : name, (left + 44 + right) / 2),
      name === "number" && path(bestSoFar(rows, x, y), { stroke: "var(--green)", "stroke-width": 2 }),
      marks,
      ring(...own[at], name === "number" ? rows[at].dev.toFixed(3) : "", right - 50),
    ];
  }

  function bestSoFar(rows, x, y) {
    const points = [];
    let best = Infinity;
    for (const { number, dev, pruned } of rows) {
      if (pruned) continue;
      if (best < Infinity) points.push([x(number), y(best)]);
      best = Math.min(best, dev);
      points.push([x(number), y(best)]);
    }
    return points;
  }

  function board(rows, settings, at, width) {
    places = [];
    const across = Math.max(1, Math.min(settings.length, Math.floor(width / 150)));
    const [wide, down] = [width / across, Math.ceil(settings.length / across)];
    const below = settings.map((name, i) =>
      panel(rows, name, at, (i % across) * wide, HEIGHT * (1 + Math.floor(i / across)), wide, HEIGHT),
    );
    const first = panel(rows, "number", at, 0, 0, width, HEIGHT);
    return pressed("board", width, HEIGHT * (1 + down), first, below);
  }

  return function draw(_, width) {
    const { counts, rows, watching } = frame.sent;
    const done = rows.filter((row) => !row.pruned);
    const finished = (counts.done ?? 0) + (counts.pruned ?? 0); // none where the storage is away
    const said = Object.entries(counts)
      .map(([what, number]) => `${number} ${what}`)
      .join(", ");
    const title = `${finished} of ${data.trials} trials finished`;
    frame.note = frame.linked ? frame.sent.note : "Run this notebook to watch the study: Python looks at it.";
    const bar = progress(finished, data.trials, "finished trials");
    const busy = frame.linked && watching;
    if (!done.length) return { title, busy, picture: [bar, note(said)], alt: `${said}.` };
    const best = rows.indexOf(done.reduce((low, row) => (row.dev < low.dev ? row : low)));
    const at = Math.min(over ?? chosen ?? best, rows.length - 1);
    const settings = Object.keys(rows[at]).filter((name) => !["number", "pruned", "dev"].includes(name));
    const words = settings.map((name) => `${name} ${shown(rows[at][name])}`).join(", ");
    const trial = `Trial ${rows[at].number}${rows[at].pruned ? ", given up early" : ""}: dev ${rows[at].dev.toFixed(3)}, ${words}`;
    const low = `best so far ${rows[best].dev.toFixed(3)}`;
    return {
      title: `${title}; ${low}`,
      busy,
      picture: [
        bar,
        note(said),
        board(rows, settings, at, width),
        legend([
          ["var(--blue)", "finished (dots)"],
          ["var(--orange)", "given up, loss by then (×)"],
          ["var(--green)", "best so far"],
        ]),
        note(trial),
      ],
      alt: `${rows.length} trials of a study, ${rows.length - done.length} of them given up early: ${said}; ${low}. ${trial}.`,
      trial: rows[at].number,
      finished,
    };
  };
}
