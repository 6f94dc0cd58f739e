// Lesson 01: random numbers turn into the counts, a step of gradient descent at a time.
import { chart, drawing, line, note, path, rect, ring, shade, text } from "./draw.js";
import { softmax, unpack } from "./mlp.js";

const LEFT = 16; // room for the letters beside a table, and above it
const AHEAD = 15; // milliseconds that may go into steps for one picture

export function descent(frame, data) {
  const { itos, most } = data;
  const V = itos.length;
  const [counts, start] = [unpack(data.counts), unpack(data.start)];
  const total = counts.reduce((sum, count) => sum + count, 0);
  const totals = itos.map((_, i) => counts.subarray(i * V, (i + 1) * V).reduce((sum, count) => sum + count, 0));
  const target = counts.map((count, at) => count / totals[Math.floor(at / V)]);
  const lowest = counts.reduce((sum, count, at) => (count ? sum - count * Math.log(target[at]) : sum), 0) / total;
  let run = null;
  let over = null; // the cell under the pointer, of either table
  let size = 10;

  const begin = (rate) => ({ rate, W: Float64Array.from(start), kept: [], losses: [] });

  /** Of W the probabilities and the loss; then W moves by rate · (p − onehot), the mean over all pairs (lesson 01). */
  function step() {
    const probs = new Float64Array(V * V);
    let loss = 0;
    for (let i = 0; i < V; i++) {
      const row = softmax(run.W.subarray(i * V, (i + 1) * V));
      for (let j = 0; j < V; j++) {
        const at = i * V + j;
        probs[at] = row[j];
        if (counts[at]) loss -= counts[at] * Math.log(row[j]);
        run.W[at] -= (run.rate * (totals[i] * row[j] - counts[at])) / total;
      }
    }
    run.kept.push(Float32Array.from(probs));
    run.losses.push(loss / total);
  }

  frame.point(".twin", (what, x, y) => {
    const column = x > LEFT + V * size + 8 ? x - (V * size + LEFT + 20) - LEFT : x - LEFT;
    const [i, j] = [Math.floor((y - LEFT) / size), Math.floor(column / size)];
    over = what !== "leave" && Math.min(i, j) >= 0 && Math.max(i, j) < V ? i * V + j : null;
    frame.redraw();
  });

  function table(shares, from) {
    const cell = (at, paint) =>
      rect(from + LEFT + (at % V) * size, LEFT + Math.floor(at / V) * size, size - 1, size - 1, paint);
    return [
      Array.from(shares, (share, at) => cell(at, { fill: shade(share) })),
      over !== null && cell(over, { fill: "none", stroke: "var(--orange)", "stroke-width": 2 }),
      itos.map((letter, i) => {
        if (i % Math.ceil(9 / size)) return null; // where there is no room for all
        const middle = LEFT + (i + 0.5) * size;
        const style = { "text-anchor": "middle", class: "quiet" };
        return [text(from + middle, 11, letter, style), text(from + 7, middle + 4, letter, style)];
      }),
    ];
  }

  return function draw({ steps, rate }, width) {
    if (run?.rate !== rate) run = begin(rate);
    const until = performance.now() + AHEAD;
    while (run.losses.length <= steps && performance.now() < until) step();
    const done = Math.min(steps, run.losses.length - 1);
    if (done < steps) frame.redraw(); // the rest in the next picture
    const [probs, loss] = [run.kept[done], run.losses[done]];
    size = Math.min(11, (width - 2 * LEFT - 24) / (2 * V));
    const second = V * size + LEFT + 20;
    const apart = probs.reduce((most_, p, at) => Math.max(most_, Math.abs(p - target[at])), 0);
    const twin = drawing(second + LEFT + V * size, LEFT + V * size + 4, table(probs, 0), table(target, second));
    twin.classList.add("twin");
    const finite = run.losses.slice(0, done + 1).filter(Number.isFinite);
    const ys = [lowest - 0.05, Math.max(lowest + 0.3, ...finite.slice(0, 1), Math.min(6, ...finite.slice(-1)))];
    const ground = chart(width, 170, { xs: [0, Math.max(20, done)], ys, yWords: (v) => v.toFixed(1), label: "step" });
    const { x, y, axes, left, right } = ground;
    const stride = Math.max(1, Math.floor(done / 300));
    const curve = run.losses.slice(0, done + 1).map((value, i) => [x(i), y(Math.min(value, ys[1]))]);
    const points = curve.filter((_, i) => i % stride === 0 || i === done);
    const words = (at) => {
      const [a, b] = [itos[Math.floor(at / V)], itos[at % V]];
      return `'${b}' after '${a}': W says ${(100 * probs[at]).toFixed(1)}%, the counts ${(100 * target[at]).toFixed(1)}%.`;
    };
    const said = `Largest difference of a cell: ${(100 * apart).toFixed(1)}%.`;
    return {
      title: `step ${done.toLocaleString("en")}: loss ${loss.toFixed(4)}; counting ${lowest.toFixed(4)}`,
      picture: [
        note(over === null ? `Left softmax(W), right the counts. ${said}` : words(over)),
        twin,
        drawing(
          width,
          170,
          axes,
          line(left, y(lowest), right, y(lowest), { stroke: "var(--ink)", "stroke-dasharray": "4 3" }),
          path(points, { stroke: "var(--blue)", "stroke-width": 2 }),
          ring(x(done), y(Math.min(loss, ys[1])), loss.toFixed(3), x(9)),
        ),
      ],
      alt: `After ${done} of ${most} steps with rate ${rate} the loss is ${loss.toFixed(4)}, that of counting ${lowest.toFixed(4)}. ${said}`,
      loss,
      probs,
      apart,
    };
  };
}
