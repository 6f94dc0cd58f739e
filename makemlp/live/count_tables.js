// Lesson 02: losses of count tables by the length of the context, as the smoothing is turned.
import { chart, legend, line, path, pressed, ring, text } from "./draw.js";
import { unpack } from "./mlp.js";

const NEAR = 0.05; // nats: what the lesson calls close to Kneser-Ney

export function count_tables(frame, data) {
  const { longest, lecture, lowest, step } = data;
  const lengths = Array.from({ length: longest + 1 }, (_, n) => n);
  const unpacked = ({ train, dev }) => ({ train: unpack(train), dev: unpack(dev) });
  const kneserNey = unpacked(data.kneser_ney);
  const grids = { add: unpacked(data.add), interpolate: unpacked(data.interpolate) };

  /** Losses by length at any smoothing, by a smooth curve through those that Python computed. */
  function losses(method, split, smoothing) {
    if (method === "kneser_ney") return Array.from(kneserNey[split]);
    const grid = grids[method][split];
    const last = grid.length / lengths.length - 1;
    const place = Math.min(last, Math.max(0, (Math.log10(smoothing) - lowest) / step));
    const at = Math.min(last - 1, Math.floor(place));
    const t = place - at;
    const row = (i, n) => grid[Math.min(last, Math.max(0, i)) * lengths.length + n];
    return lengths.map((n) => {
      const [a, b, c, d] = [-1, 0, 1, 2].map((i) => row(at + i, n));
      return b + (t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))) / 2; // Catmull and Rom
    });
  }

  let ground = null;
  frame.point(".losses", (what, x) => {
    if (what === "press" || what === "drag") {
      frame.set("block_size", Math.min(longest, Math.max(0, Math.round(ground.valueAt(x)))));
    }
  });

  return function draw({ block_size: n, smoothing, method }, width) {
    frame.enable("smoothing", method !== "kneser_ney");
    const [train, dev] = ["train", "dev"].map((split) => losses(method, split, smoothing));
    const height = 380;
    const label = "characters in the context";
    const yWords = (value) => value.toFixed(1);
    ground = chart(width, height, { xs: [0, longest], ys: [1.2, 3.4], xTicks: lengths, yWords, label });
    const { x, y, top, right, left } = ground;
    const points = (curve) => Array.from(curve, (loss, length) => [x(length), loss < 3.5 ? y(loss) : NaN]);
    const above = Array.from(kneserNey.dev, (loss) => loss + NEAR);
    const band = [...points(kneserNey.dev), ...points(above).reverse()].filter(([, py]) => Number.isFinite(py));
    const dotted = { stroke: "var(--ink)", "stroke-dasharray": "1 4", "stroke-width": 1.5 };
    const turn = n > longest / 2 ? left : right;
    const picture = pressed(
      "losses",
      width,
      height,
      ground.axes,
      path(band, { fill: "var(--green)", "fill-opacity": 0.25 }),
      path(points(kneserNey.dev), { stroke: "var(--green)", "stroke-width": 2, "stroke-dasharray": "2 3" }),
      lecture && line(left, y(lecture), right, y(lecture), dotted),
      lecture && text(right, y(lecture) - 5, `the lecture's MLP: ${lecture}`, { "text-anchor": "end", class: "quiet" }),
      path(points(train), { stroke: "var(--blue)", "stroke-width": 2 }),
      path(points(dev), { stroke: "var(--orange)", "stroke-width": 2, "stroke-dasharray": "7 4" }),
      ring(x(n), Math.max(top, y(train[n])), train[n].toFixed(3), turn, dev[n] > train[n] ? { dy: 26 } : {}),
      ring(x(n), Math.max(top, y(dev[n])), dev[n].toFixed(3), turn),
    );
    const gap = dev[n] - kneserNey.dev[n];
    const compared =
      method === "kneser_ney"
        ? ", the dotted curve itself"
        : `: ${Math.abs(gap).toFixed(3)} ${gap < 0 ? "below" : "above"} Kneser-Ney there (${kneserNey.dev[n].toFixed(3)})`;
    const low = dev.indexOf(Math.min(...dev));
    const title = `${n} characters: dev ${dev[n].toFixed(3)}${compared}`;
    return {
      title,
      picture: [
        legend([
          ["var(--blue)", "train"],
          ["var(--orange)", "dev", "7 4"],
          ["var(--green)", `Kneser-Ney on dev, and ${NEAR} above it`, "2 3"],
        ]),
        picture,
      ],
      alt: `${title}; train ${train[n].toFixed(3)}. Dev is lowest with ${low} characters, at ${dev[low].toFixed(3)}.`,
      train,
      dev,
    };
  };
}
