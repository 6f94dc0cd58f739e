// Lessons 09, 10: the loss of two models' mixture by the first one's share; every name, or sentence, as each sees it.
import { chart, drawing, line, note, path, pressed, rect, ring } from "./draw.js";
import { el } from "./frame.js";
import { unpack, unpackText } from "./mlp.js";

const PLACES = 40; // of the curve

export function mixture(frame, data) {
  const [p, q, ends] = [data.network, data.counts, data.ends].map(unpack); // of each answer; and each name's length
  const [one, per] = [data.unit, data.unit === "sentence" ? " per word" : ""];
  const loss = (share) => {
    let sum = 0;
    for (let i = 0; i < p.length; i++) sum -= Math.log(share * p[i] + (1 - share) * q[i]);
    return sum / p.length;
  };
  const shares = Array.from({ length: PLACES + 1 }, (_, i) => i / PLACES);
  const curve = shares.map(loss);
  const low = curve.indexOf(Math.min(...curve));
  const names = [];
  let at = 0;
  for (const length of ends) {
    let [network, counts] = [0, 0];
    for (const end = at + length; at < end; at++) {
      network -= Math.log(p[at]);
      counts -= Math.log(q[at]);
    }
    names.push([network, counts].map((nll) => (per ? nll / length : nll)));
  }
  const called = data.names ? unpackText(data.names) : null;
  const better = names.filter(([network, counts]) => network < counts).length;

  let ground = null;
  frame.point(".curve", (what, x) => {
    if (what === "over" || what === "leave") return;
    frame.set("weight", Math.round(100 * Math.min(1, Math.max(0, ground.valueAt(x)))) / 100);
  });

  // A name that is pointed at is told; one that is pressed stays, for fingers, which cannot point.
  frame.point(".names", (what, x, y) => {
    near = what === "leave" ? null : cloud.nearest(x, y);
    frame.redraw();
  });

  function curvePicture(weight, here, width, height) {
    const finite = curve.filter(Number.isFinite);
    const ys = [Math.min(...finite) - 0.01, Math.max(...finite) + 0.01];
    ground = chart(width, height, { xs: [0, 1], ys, yWords: (v) => v.toFixed(2), label: "share of the network" });
    const { x, y } = ground;
    const points = shares.map((share, i) => [x(share), y(curve[i])]);
    return pressed(
      "curve",
      width,
      height,
      ground.axes,
      path(points, { stroke: "var(--blue)", "stroke-width": 2 }),
      rect(x(shares[low]) - 5, y(curve[low]) - 5, 10, 10, { fill: "var(--orange)" }),
      Number.isFinite(here) && ring(x(weight), y(here), here.toFixed(3), x(0.7)),
    );
  }

  function namesPicture(width, height) {
    const finite = names.flat().filter(Number.isFinite);
    const [from, most] = [per ? Math.min(...finite) : 0, Math.min(40, Math.max(...finite))];
    const label = `NLL${per || " of a name"}: the table's (across), the network's (up)`;
    const { x, y, axes } = chart(width, height, { xs: [from, most], ys: [from, most], label });
    const places = names.map(([network, counts]) => [x(counts), y(network)]);
    const inside = names.map((name) => Math.max(...name) <= most);
    const d = places.map(([px, py], i) => (inside[i] ? `M${px.toFixed(1)} ${py.toFixed(1)}h0` : "")).join("");
    const mark = el("g");
    const picture = drawing(
      width,
      height,
      axes,
      el("path", { d, stroke: "var(--blue)", "stroke-width": 3, "stroke-linecap": "round", "stroke-opacity": 0.5 }),
      line(x(from), y(from), x(most), y(most), { stroke: "var(--ink)", "stroke-dasharray": "4 3" }),
      mark,
    );
    picture.classList.add("names");
    return {
      picture,
      nearest(px, py) {
        const far = places.map(([a, b], i) => (inside[i] ? Math.hypot(a - px, b - py) : Infinity));
        const least = far.indexOf(Math.min(...far));
        return far[least] < 14 ? least : null;
      },
      show(i) {
        const [px, py] = places[i] ?? [];
        mark.replaceChildren(...(i === null ? [] : ring(px, py, per ? "" : (called?.[i] ?? ""), width / 2)));
      },
    };
  }

  let cloud = null; // the names stand still under the slider
  let near = null;

  function tell(i) {
    const [network, counts] = names[i].map((nll) => nll.toFixed(1));
    return `${called ? `'${called[i]}'` : `This ${one}`}: the network ${network} nats${per}, the table ${counts}.`;
  }

  return function draw({ weight }, width) {
    const here = loss(weight);
    const room = width > 700 ? width / 2 - 12 : width;
    if (cloud?.room !== room) cloud = { room, ...namesPicture(room, 280) };
    cloud.show(near);
    const told = near === null ? "" : tell(near);
    const lowest = `lowest ${curve[low].toFixed(3)} at ${shares[low].toFixed(2)}`;
    const split = `${better.toLocaleString("en")} of ${names.length.toLocaleString("en")} ${one}s lie below the line: the network holds them likelier`;
    return {
      title: `share ${weight.toFixed(2)}: dev loss ${here.toFixed(3)}; ${lowest}`,
      picture: el("div", { class: "makemlp-beside" }, [
        curvePicture(weight, here, room, 250),
        el("div", { style: `width: ${room}px` }, note(told || `Each dot is a ${one}; ${split}.`), cloud.picture),
      ]),
      alt: `With ${weight.toFixed(2)} of the network the dev loss is ${here.toFixed(3)}; ${lowest}. ${split}.`,
      loss: here,
      told,
    };
  };
}
