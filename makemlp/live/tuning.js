// Lesson 06: every run on the scoreboard, and the one that Python trains now.
import { chart, legend, line, nearest, note, pressed, progress, rect, ring, text, ticks } from "./draw.js";
import { el, shown } from "./frame.js";

const REACH = 0.5; // nats above the best: what is worse stands at the edge, or one bad run would press all others flat
const DASHES = ["1 4", "7 4", "8 3 2 3"]; // of the lines to compare with

export function tuning(frame, data) {
  const names = Object.keys(frame.sent.asked);
  const words = (row) => names.flatMap((name) => (name in row ? `${name} ${shown(row[name])}` : [])).join(", ");
  const same = (one, other) => names.every((name) => one[name].toPrecision(3) === other[name].toPrecision(3));
  let [over, chosen, places] = [null, null, []]; // the run under the pointer, the one pressed, where their marks are
  let runs = frame.sent.rows.length;

  frame.point(".board", (what, x, y) => {
    const near = what === "leave" ? null : nearest(places, x, y);
    over = near === null ? null : Math.floor(near / 2);
    if (what === "press") chosen = over;
    frame.redraw();
  });

  /** Large in the title: what goes on, and whether somebody has to wait for it. */
  function standing(state, { rows, newest, asked, waiting, running, step, loss }) {
    const { vocab_size: V } = data;
    const { block_size, emb_dim, hidden_dim } = state;
    const size = V * emb_dim + (block_size * emb_dim + 1) * hidden_dim + (hidden_dim + 1) * V;
    if (frame.held) return { title: `let go to train ${size.toLocaleString("en")} parameters` };
    if (frame.linked && running) {
      const after = waiting ? "; your newest settings come next" : "";
      const now = loss === null ? "" : `, loss ${loss.toFixed(2)}`;
      const what = step < running.steps ? `step ${step} of ${running.steps}${now}` : "measuring on train and dev";
      return { busy: true, title: what + after };
    }
    if (frame.linked && (waiting || !same(state, asked))) return { busy: true, title: "about to train" };
    return { title: `run ${newest + 1} of ${rows.length}: dev ${rows[newest].dev.toFixed(3)}` };
  }

  function board({ rows, newest, running, loss }, at, width) {
    const [devs, trains] = [rows.map((row) => row.dev), rows.map((row) => row.train)];
    const targets = Object.entries(data.targets);
    const top = Math.min(...Object.values(data.targets), ...devs) + REACH;
    const low = Math.min(...Object.values(data.targets), ...trains, ...devs) - 0.05;
    const last = Math.max(10, rows.length + 1) + 0.7;
    const xTicks = ticks(0.3, last, Math.min(last, width / 50)).filter(Number.isInteger);
    const yWords = (value) => value.toFixed(1);
    const ground = chart(width, 300, { xs: [0.3, last], ys: [low, top], xTicks, yWords, label: "run" });
    const x = (run) => ground.x(run + 1);
    const y = (value) => ground.y(Math.min(top, value ?? top));
    places = rows.flatMap((row, run) => [row.dev, row.train].map((value) => [x(run), y(value)]));
    const stem = (row, run) => line(x(run), y(row.train), x(run), y(row.dev), { stroke: "var(--quiet)" });
    const dot = (run, value, r, paint) => el("circle", { cx: x(run), cy: y(value), r, fill: "none", ...paint });
    const dev = (value, run) =>
      value > top
        ? text(x(run), y(top) + 5, "×", { "text-anchor": "middle", class: "strong" })
        : rect(x(run) - 4, y(value) - 4, 8, 8, { fill: "var(--orange)" });
    const { left, right } = ground;
    return pressed(
      "board",
      width,
      300,
      ground.axes,
      targets.map(([label, value], i) => [
        line(left, y(value), right, y(value), { stroke: "var(--ink)", "stroke-dasharray": DASHES[i % 3] }),
        text(right, y(value) - 4, `${label}: ${value.toFixed(3)}`, { "text-anchor": "end", class: "quiet" }),
      ]),
      rows.map(stem),
      trains.map((value, run) => dot(run, value, 4, { fill: "var(--blue)" })),
      devs.map(dev),
      running && dot(rows.length, loss, 6, { stroke: "var(--blue)", "stroke-width": 2 }),
      ring(x(at), y(devs[at]), devs[at].toFixed(3), width - 80),
      at !== newest && dot(newest, devs[newest], 7, { stroke: "var(--ink)" }),
    );
  }

  return function draw(state, width) {
    const { sent } = frame;
    const { rows, newest } = sent;
    if (rows.length !== runs) [runs, chosen, over] = [rows.length, null, null];
    const at = over ?? chosen ?? newest;
    const row = rows[at];
    const running = frame.linked && sent.running;
    frame.note = frame.linked ? sent.note : "Run this notebook to train more runs: the sliders need Python.";
    const best = rows.reduce((low, one, run) => (one.dev < rows[low].dev ? run : low), 0);
    const below = Object.entries(data.targets).filter(([, value]) => row.dev < value);
    const seconds = row.seconds === undefined ? "" : `, ${row.seconds.toFixed(1)} s`;
    const said = `Run ${at + 1}: ${row.parameters.toLocaleString("en")} parameters, train ${row.train.toFixed(3)}, dev ${row.dev.toFixed(3)}${seconds}`;
    return {
      ...standing(state, { ...sent, running }),
      picture: [
        progress(running ? sent.step : 0, running?.steps ?? 1, "steps of this training"),
        board({ ...sent, running }, at, width),
        legend([
          ["var(--orange)", "dev (squares)"],
          ["var(--blue)", "train (dots)"],
        ]),
        note(`${said}. ${words(row)}`),
      ],
      alt: `Losses of ${rows.length} runs. ${said}, below ${below.map(([label]) => label).join(", ") || "none of the lines"}. Lowest dev: run ${best + 1} with ${rows[best].dev.toFixed(3)}.`,
      run: at,
      training: running || null,
    };
  };
}
