// Lessons 07 and 10b: which letters, or words, are near each other in all dimensions, and on a flat map.
import {
  beside,
  drawing,
  letterMap,
  line,
  mapDrawing,
  pairs,
  reach,
  rect,
  scale,
  squareAnd,
  text,
  wordMap,
} from "./draw.js";
import { Refusal } from "./frame.js";
import { unpack } from "./mlp.js";

export function neighbours(frame, data) {
  const { itos, by, words, k } = data; // k others are listed
  const points = pairs(unpack(data.flat));
  const [order, measure] = [unpack(data.near), unpack(data.measure)]; // k of each symbol, the nearest first
  const flatly = (a, b) => Math.hypot(points[a][0] - points[b][0], points[a][1] - points[b][1]);

  let map = null;
  frame.point(".map", (what, x, y) => {
    const found = what === "press" || what === "drag" ? map.at(x, y) : null;
    if (found !== null) frame.set("symbol", itos[found]);
  });

  return function draw({ symbol, zoom }, width) {
    const here = itos.indexOf([symbol, symbol.trim().toLowerCase()].find((form) => itos.includes(form)));
    if (here < 0) throw new Refusal(`'${symbol}' is none of the ${itos.length} words on the map: type another.`);
    const near = Array.from(order.subarray(here * k, (here + 1) * k));
    const far = measure.subarray(here * k, (here + 1) * k);
    const [size, room] = squareAnd(width, 0.58, 480);
    const middle = zoom > 1 ? points[here] : [0, 0];
    map = words
      ? wordMap(points, itos, size, { middle, limit: reach(points) / zoom, first: [here, ...near] })
      : letterMap(points, itos, size, { chosen: here });
    const [x0, y0] = [map.x(points[here][0]), map.y(points[here][1])];
    const three = near.slice(0, 3);
    const ways = three.map((i) =>
      line(x0, y0, map.x(points[i][0]), map.y(points[i][1]), { stroke: "var(--blue)", "stroke-width": 1.5 }),
    );
    const columns = room < width || words ? 1 : 2; // of the list
    const wide = room / columns;
    const rows = Math.ceil(near.length / columns);
    const left = words ? 96 : 24; // room for the names
    const x = scale(0, Math.max(...far), left, wide - 48);
    const bars = near.map((i, place) => {
      const [from, top] = [Math.floor(place / rows) * wide, (place % rows) * 17];
      const end = from + x(Math.max(0, far[place]));
      return [
        text(from + left - 8, top + 13, itos[i], { "text-anchor": "end" }),
        rect(from + left, top + 3, end - from - left, 12, { fill: place < 3 ? "var(--blue)" : "var(--quiet)" }),
        text(end + 5, top + 13, far[place].toFixed(2)),
      ];
    });
    const onMap = [...itos.keys()].filter((i) => i !== here).sort((a, b) => flatly(here, a) - flatly(here, b) || a - b);
    const both = onMap.slice(0, 3).filter((i) => three.includes(i)).length;
    const first = three.map((i) => `'${itos[i]}'`).join(", ");
    const last = words ? "" : `; farthest: '${itos[near.at(-1)]}'`;
    return {
      title: `Nearest to '${itos[here]}' ${by}: ${first}${last}`,
      picture: beside(mapDrawing(size, map, ways), room, drawing(room, 17 * rows, bars)),
      alt: `Nearest to '${itos[here]}' ${by} are ${first}${last}. On the flat map ${both} of the nearest three are among its nearest three.`,
      order: near,
    };
  };
}
