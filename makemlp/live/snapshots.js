// Lesson 07: a run played again: its loss, the names it made up, and the way of each embedding.
import { beside, chart, drawing, letterMap, mapDrawing, note, pairs, path, reach, squareAnd } from "./draw.js";
import { el } from "./frame.js";
import { unpack, unpackText } from "./mlp.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const HURRY = 1000 / 30; // milliseconds for a frame of the film
const CALM = 250; // for those who asked for less motion

export function snapshots(frame, data) {
  const { itos, steps } = data;
  const V = itos.length;
  const losses = unpack(data.losses);
  const flat = pairs(unpack(data.ways)); // frame by frame, letter by letter
  const names = unpackText(data.names);
  const limit = reach(flat);
  let map = null;
  let chosen = null;
  let playing = null;
  let presses = 0;

  frame.point(".map", (what, x, y) => {
    if (what !== "press") return;
    chosen = map.at(x, y);
    frame.redraw();
  });

  /** Go on through the frames until the last, or until the button is pressed again. */
  function play() {
    const last = steps.at(-1);
    let due = performance.now() + HURRY; // the first frame is to be seen too
    if (frame.state.step >= last) frame.set("step", steps[0]);
    playing = requestAnimationFrame(function next(now) {
      if (now >= due) {
        due = Math.max(due + (still.matches ? CALM : HURRY), now - HURRY);
        frame.set("step", steps.find((step) => step > frame.state.step) ?? last);
      }
      playing = frame.state.step < last ? requestAnimationFrame(next) : null;
    });
  }

  function pressed() {
    presses = frame.state.play;
    if (playing === null) return play();
    cancelAnimationFrame(playing);
    playing = null;
  }

  return function draw({ step, play: asked }, width) {
    if (asked !== presses) pressed();
    const at = steps.findLastIndex((one) => one <= step);
    const [size, room] = squareAnd(width, 0.58, 430);
    const points = flat.slice(at * V, (at + 1) * V);
    map = letterMap(points, itos, size, { limit, chosen });
    const ways = itos.map((_, i) => {
      const way = Array.from({ length: at + 1 }, (_, k) => flat[k * V + i]).map(([a, b]) => [map.x(a), map.y(b)]);
      if (i === chosen) return path(way, { stroke: "var(--purple)", "stroke-width": 2.5 });
      return path(way, { stroke: "var(--blue)", "stroke-opacity": 0.4 });
    });
    const now = losses[Math.min(steps[at], losses.length - 1)];
    const ys = [Math.min(...losses) - 0.05, Math.max(...losses) + 0.05];
    const ground = chart(room, 210, { xs: [0, losses.length], ys, yWords: (v) => v.toFixed(1), label: "step" });
    const line = Array.from(losses, (loss, i) => [ground.x(i), ground.y(loss)]);
    const far = points.map(([a, b], i) => Math.hypot(a - flat[i][0], b - flat[i][1]));
    const way = far.reduce((sum, distance) => sum + distance, 0) / V;
    const made = names[at];
    return {
      title: `step ${steps[at]}: loss ${now.toFixed(3)}`,
      picture: beside(
        mapDrawing(size, map, ways),
        room,
        drawing(
          room,
          210,
          ground.axes,
          path(line, { stroke: "var(--quiet)", "stroke-opacity": 0.5 }),
          path(line.slice(0, steps[at] + 1), { stroke: "var(--blue)", "stroke-width": 2 }),
        ),
        note("It makes up"),
        el("ul", { class: "makemlp-names" }, ...made.split(", ").map((name) => el("li", {}, name))),
        note(
          chosen === null
            ? "Press a letter to see its way."
            : `'${itos[chosen]}' is ${far[chosen].toFixed(2)} from where it began.`,
        ),
      ),
      alt: `At step ${steps[at]} the loss is ${now.toFixed(2)}; the symbols are ${way.toFixed(1)} from where they began, on average. Names it makes up: ${made}.`,
      at,
    };
  };
}
