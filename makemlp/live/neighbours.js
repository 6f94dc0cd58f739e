// Lesson 07: who is near whom, in all dimensions and on a flat map.
import { drawing, letterMap, pairs, path, rect, scale, text } from "./draw.js";
import { el } from "./frame.js";
import { unpack } from "./mlp.js";

export function neighbours(frame, data) {
  const { itos } = data;
  const C = unpack(data.C);
  const dims = C.length / itos.length;
  const points = pairs(unpack(data.flat));
  const apart = (a, b) => Math.hypot(...Array.from({ length: dims }, (_, k) => C[a * dims + k] - C[b * dims + k]));
  const flatly = (a, b) => Math.hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]);
  const others = (i, distance) =>
    [...itos.keys()].filter((j) => j !== i).sort((a, b) => distance(i, a) - distance(i, b) || a - b);

  let map = null;
  frame.point(".map", (what, x, y) => {
    const found = what === "press" || what === "drag" ? map.at(x, y) : null;
    if (found !== null) frame.set("symbol", itos[found]);
  });

  return function draw({ symbol }, width) {
    const here = itos.indexOf(symbol);
    const near = others(here, apart);
    const beside = width > 480;
    const size = Math.min(beside ? 0.58 * width : width, 480);
    const room = beside ? width - size - 24 : width;
    map = letterMap(points, itos, size, { chosen: here });
    const spot = (i) => [map.x(points[i][0]), map.y(points[i][1])];
    const lines = near
      .slice(0, 3)
      .map((i) => path([spot(here), spot(i)], { stroke: "var(--blue)", "stroke-width": 1.5 }));
    const drawn = drawing(
      size,
      size,
      rect(0, 0, size, size, { fill: "none", stroke: "var(--line)" }),
      lines,
      map.parts,
    );
    drawn.classList.add("map", "hand");
    const columns = beside ? 1 : 2; // of the list of distances
    const wide = room / columns;
    const rows = Math.ceil(near.length / columns);
    const x = scale(0, apart(here, near.at(-1)), 24, wide - 48);
    const bars = near.map((i, place) => {
      const [left, top] = [Math.floor(place / rows) * wide, (place % rows) * 17];
      const end = left + x(apart(here, i));
      return [
        text(left + 8, top + 13, itos[i], { "text-anchor": "middle" }),
        rect(left + 24, top + 3, end - left - 24, 12, { fill: place < 3 ? "var(--blue)" : "var(--quiet)" }),
        text(end + 5, top + 13, apart(here, i).toFixed(2)),
      ];
    });
    const both = others(here, flatly)
      .slice(0, 3)
      .filter((i) => near.slice(0, 3).includes(i)).length;
    const first = near
      .slice(0, 3)
      .map((i) => `'${itos[i]}'`)
      .join(", ");
    return {
      title: `Nearest to '${symbol}' in ${dims} dimensions: ${first}; farthest: '${itos[near.at(-1)]}'`,
      picture: el("div", { class: "makemlp-beside" }, [
        el("div", {}, drawn),
        el("div", {}, drawing(room, 17 * rows, bars)),
      ]),
      alt: `Nearest to '${symbol}' in ${dims} dimensions are ${first}, farthest is '${itos[near.at(-1)]}'. On the flat map ${both} of the nearest three are among its nearest three.`,
      order: near,
    };
  };
}
