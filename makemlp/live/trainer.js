// Lesson 05: a run that is steered while it trains. Two engines report how it stands, this page's own, below, and
// Python's, makemlp/widgets/trainer.py; one view draws what they report.
import { chart, drawing, legend, letterMap, line, note, pairs, path, reach, rect, text } from "./draw.js";
import { el, shown } from "./frame.js";
import { adam, forward, gradients, lossOf, randomNumbers, sampleNames, trainingSource, unpackWords } from "./mlp.js";

const SLICE = 33; // milliseconds that a worker trains between two reports
const SHORT_SLICE = 12; // where the page itself trains, so that it still answers a hand
const LATE = 1500; // milliseconds after which a kernel that has not answered is said to be busy
const CALM = 500; // milliseconds between two pictures, for those who asked for less motion
const FRAME = { fill: "none", stroke: "var(--line)" };
const WORDS = { rate: "rate", batch_size: "batch" };

const calm = matchMedia("(prefers-reduced-motion: reduce)");

// --- the page's own engine: what stands here is sent to a worker as source, and uses nothing but mlp.js ---

/** A model before its training (lesson 04): its numbers are drawn from a bell curve, as makemlp.MLP's are. */
export function newModel(sizes, seed) {
  const { vocab_size, block_size, emb_dim, hidden_dim } = sizes;
  const inputs = block_size * emb_dim;
  const dice = randomNumbers(seed);
  const bell = () => Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice());
  const numbers = (length, size) => Float32Array.from({ length }, () => size * bell());
  const model = {
    ...sizes,
    C: numbers(vocab_size * emb_dim, 1),
    W1: numbers(inputs * hidden_dim, 5 / 3 / Math.sqrt(inputs)),
    b1: new Float32Array(hidden_dim),
    W2: numbers(hidden_dim * vocab_size, 0.01),
    b2: new Float32Array(vocab_size),
  };
  model.logits = (contexts) => forward(model, contexts).logits;
  return model;
}

/**
 * Each context of the names once, in the order of makemlp.training.group: contexts (U arrays), the shares of what
 * followed (U arrays of V), and where each context's stretch ends when all examples lie in a row (U).
 */
export function group(names, itos, block_size) {
  const V = itos.length;
  const places = new Map(itos.map((letter, i) => [letter, i]));
  const found = new Map();
  for (const name of names) {
    let context = new Array(block_size).fill(0);
    for (const index of [...Array.from(name, (letter) => places.get(letter)), 0]) {
      const key = context.reduceRight((sum, other) => sum * V + other, 0);
      if (!found.has(key)) found.set(key, { context, counts: new Float64Array(V) });
      found.get(key).counts[index] += 1;
      context = [...context.slice(1), index];
    }
  }
  const rows = [...found.keys()].sort((a, b) => a - b).map((key) => found.get(key));
  const totals = rows.map((row) => row.counts.reduce((sum, count) => sum + count, 0));
  let end = 0;
  return {
    contexts: rows.map((row) => row.context),
    shares: rows.map((row, i) => row.counts.map((count) => count / totals[i])),
    ends: totals.map((total) => (end += total)),
  };
}

/** Contexts, targets and weights of the rows that are hit at even distances, the first at the share `u` of one. */
export function drawEvenly({ contexts, shares, ends }, batch_size, u) {
  const apart = ends.at(-1) / batch_size;
  const times = new Map();
  let row = 0;
  for (let i = 0; i < batch_size; i++) {
    while (row < ends.length - 1 && ends[row] <= (u + i) * apart) row += 1;
    times.set(row, (times.get(row) ?? 0) + 1);
  }
  const rows = [...times.keys()];
  const V = shares[0].length;
  const targets = new Float64Array(rows.length * V);
  rows.forEach((hit, i) => {
    targets.set(shares[hit], i * V);
  });
  return [rows.flatMap((hit) => contexts[hit]), targets, rows.map((hit) => times.get(hit) / batch_size)];
}

/** All rows as one batch: contexts, targets and weights. */
export function everything({ contexts, shares, ends }) {
  const weights = ends.map((end, i) => (end - (ends[i - 1] ?? 0)) / ends.at(-1));
  return [contexts.flat(), Float64Array.from(shares.flatMap((row) => [...row])), weights];
}

/** The losses as at most so many means, each of as many steps. */
export function thinned(losses, most) {
  let per = 1;
  while (losses.length / per > most) per *= 2;
  const means = Array.from({ length: Math.floor(losses.length / per) }, (_, i) => {
    return losses.slice(i * per, (i + 1) * per).reduce((sum, loss) => sum + loss, 0) / per;
  });
  return { per, means };
}

/**
 * The engine: a function that is told what is wanted (run, rate, batch_size, emb_dim, hidden_dim, going), and calls
 * `send` with how the run stands; another number of the run begins it anew. It trains in slices of so many
 * milliseconds, and listens between them.
 */
export function engine(send, { itos, block_size, steps, every, most, hopeless }, slice) {
  let wanted = {};
  let run = null;
  let examples = null;
  let timer = null;

  function begin() {
    const { emb_dim, hidden_dim } = wanted;
    const model = newModel({ vocab_size: itos.length, block_size, emb_dim, hidden_dim }, wanted.run);
    run = { model, step: adam(model), dice: randomNumbers(wanted.run), losses: [], dev: [], names: [] };
    keepNames();
  }

  const lost = () => run.losses.length > 0 && !(run.losses.at(-1) < hopeless);

  /** What the model makes up now, beside what it made up after 0, 100, 1,000 … steps; once lost, nothing more. */
  function keepNames() {
    if (lost()) return;
    const made = sampleNames(run.model, 4, { maxLength: 12 });
    const words = made.map((name) => name.map((i) => itos[i]).join("") || "(empty)").join(", ");
    const kept = run.names.filter(([step]) => [0, 100, 1000, 10_000].includes(step));
    run.names = [...kept, [run.losses.length, words]];
  }

  function lookAtDev() {
    if (run.dev.at(-1)?.[0] === run.losses.length) return;
    run.dev.push([run.losses.length, lossOf(run.model, ...examples.dev).loss]);
    keepNames();
  }

  function report() {
    const { model, losses, dev, names } = run;
    const flat = Array.from({ length: 2 * itos.length }, (_, i) => {
      return model.C[Math.floor(i / 2) * model.emb_dim + (i % 2)];
    });
    const { rate, batch_size, emb_dim, hidden_dim, going } = wanted;
    const asked = { run: wanted.run, rate, batch_size, emb_dim, hidden_dim, going };
    send({ ...asked, ...thinned(losses, most), steps: losses.length, dev, names, flat, lost: lost() });
  }

  function work() {
    timer = null;
    const until = performance.now() + slice;
    while (wanted.going && performance.now() < until) {
      const batch = drawEvenly(examples.train, wanted.batch_size, run.dice());
      const { loss, grads } = gradients(run.model, ...batch);
      run.step(grads, wanted.rate);
      run.losses.push(loss);
      const taken = run.losses.length;
      if (taken >= steps || lost()) wanted.going = false;
      if (taken % every === 0) lookAtDev();
      else if (taken === 100) keepNames();
    }
    if (!wanted.going && run.losses.length % every) lookAtDev();
    report();
    if (wanted.going) timer = setTimeout(work);
  }

  return function obey({ names, ...order }) {
    if (names) {
      const [train, dev] = names.map((list) => group(list, itos, block_size));
      examples = { train, dev: everything(dev) };
    }
    const anew = order.run !== wanted.run;
    wanted = order;
    if (anew) begin();
    if (timer === null && (wanted.going || !anew)) timer = setTimeout(work);
    report();
  };
}

/** The engine in a worker of its own; where the page may not have one, in slices of the page's own time. */
function hire(send, settings, again) {
  const parts = [trainingSource(), newModel, group, drawEvenly, everything, thinned, engine];
  const start = `const obey = engine(postMessage, ${JSON.stringify(settings)}, ${SLICE});
onmessage = (event) => obey(event.data);`;
  let obey = null;
  const inPage = () => {
    obey = engine(send, settings, SHORT_SLICE);
  };
  try {
    const source = new Blob([[...parts, start].join("\n")], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(source));
    worker.onmessage = (event) => send(event.data);
    worker.onerror = () => {
      inPage();
      again();
    };
    obey = (order) => worker.postMessage(order);
  } catch {
    inPage();
  }
  return (order) => obey(order);
}

// --- the view ---

export function trainer(frame, data) {
  const { targets, train, dev, ...settings } = data;
  const { itos } = settings;
  const wanted = { run: 0, going: false }; // of the page's engine
  const presses = { start: 0, reset: 0 };
  let obey = engine(hear, settings, SHORT_SLICE); // until there is something to train
  let names = null;
  let heard; // Python's last report
  let kernel = false; // whether Python's engine is at work
  let asked = null; // what the kernel was asked for and has not done yet
  let run = null; // what was reported last, and what the view adds to it

  const going = () => (frame.press ? (asked?.going ?? run.going) : wanted.going);
  const over = () => run.lost || run.steps >= settings.steps;

  /** A report of either engine. */
  function hear(report) {
    if (run?.run !== report.run) run = { marks: [], limit: 0, seen: [], painted: 0 };
    const before = run;
    run = { ...before, ...report, limit: Math.max(before.limit, reach(pairs(report.flat))) };
    for (const name of ["rate", "batch_size"]) if (before.steps && before[name] !== run[name]) mark(name);
    const now = performance.now();
    run.seen = run.going ? [...before.seen.filter(([moment]) => now - moment < 2000), [now, run.steps]] : [];
    if (asked?.going === run.going) asked = null;
    if (over()) wanted.going = false;
    if (!frame.box.isConnected && wanted.going) order({ going: false }); // the cell was run again
    if (run.going && calm.matches && now - run.painted < CALM) return;
    run.painted = now;
    frame.redraw();
  }

  /** Note that a slider moved; its further moves within a second are the same one. */
  function mark(name) {
    const now = performance.now();
    const same = run.marks.find((one) => one.name === name && (now - one.now < 1000 || one.step === run.steps));
    if (same) Object.assign(same, { now, value: run[name] });
    else run.marks.push({ name, now, step: run.steps, value: run[name] });
  }

  /** What Python has reported since the last picture. */
  function hearPython() {
    if (!frame.linked || frame.sent.report === heard) return;
    if (!kernel) run = null;
    [kernel, heard] = [true, frame.sent.report];
    hear(heard);
  }

  /** Tell the page's engine what is wanted. The first time that it is to train, it is given the names. */
  function order(changes) {
    Object.assign(wanted, changes);
    if (!wanted.going || names?.length) return obey({ ...wanted });
    if (names) return; // on their way
    names = [];
    Promise.all([train, dev].map(unpackWords)).then((lists) => {
      names = lists;
      const supply = () => obey({ ...wanted, names });
      obey = hire(hear, settings, supply);
      supply();
    });
  }

  /** What the buttons and the sliders ask of the engine that is at work. */
  function heed({ start, reset, ...sliders }) {
    const pressed = start !== presses.start ? "start" : reset !== presses.reset ? "reset" : null;
    Object.assign(presses, { start, reset });
    if (frame.press) {
      if (wanted.going) order({ going: false });
      if (!pressed) return;
      asked = { going: pressed === "start" && !going(), at: performance.now() };
      setTimeout(() => frame.redraw(), LATE);
      frame.press(pressed);
      return;
    }
    const resized = ["emb_dim", "hidden_dim"].some((name) => sliders[name] !== wanted[name]);
    const anew = kernel || resized || pressed === "reset" || (pressed === "start" && over());
    const go = pressed ? pressed === "start" && !going() : wanted.going;
    kernel = false;
    asked = null;
    const moved = ["rate", "batch_size"].some((name) => sliders[name] !== wanted[name]);
    if (pressed || anew || moved) order({ ...sliders, run: wanted.run + (anew ? 1 : 0), going: go });
  }

  /** What is to be said of the run as it stands. */
  function remark(loss) {
    if (asked && performance.now() - asked.at >= LATE) {
      return "The kernel has not answered yet: another cell may keep it busy. If it is gone, run this cell again.";
    }
    if (run.lost) return "The run has diverged: lower the learning rate, and press Start to begin anew.";
    const blind = Math.log(itos.length);
    if (loss > blind + 0.5) {
      const worse = `The loss is ${loss.toFixed(1)}, and a blind guess has ${blind.toFixed(2)}`;
      return `${worse}: the steps are too large. Lower the learning rate, and press Reset.`;
    }
    return over() ? `These were all ${shown(run.steps)} steps. Start begins anew.` : "";
  }

  return function draw(state, width) {
    hearPython();
    heed(state);
    frame.controls.start.row.querySelector("button").textContent = going() ? "Pause" : "Start";
    const curve = smoothed(run.means);
    const loss = curve.at(-1);
    const onDev = run.dev.at(-1)?.[1];
    frame.note = remark(loss);
    const said = [loss != null && `training ${digits(loss)}`, onDev != null && `dev ${digits(onDev)}`].filter(Boolean);
    const blind = `a blind guess has a loss of ${digits(Math.log(itos.length))}`;
    const title = `step ${run.steps.toLocaleString("en")}: ${said.join(", ") || blind}`;
    const ofMany = run.emb_dim > 2 ? `the first two of the ${run.emb_dim} numbers in ` : "";
    const size = Math.min(width, 250);
    const map = letterMap(pairs(run.flat), itos, size, { limit: run.limit });
    const made = run.names.at(-1)[1];
    const lines = Object.entries(targets).map(([words, value]) => `${words} ${digits(value)}`);
    return {
      title: going() && !run.going ? "starting …" : title,
      picture: [
        legend([
          ["var(--blue)", "training, smoothed"],
          ["var(--orange)", "dev"],
        ]),
        losses(run, curve, targets, width),
        el("div", { class: "makemlp-beside" }, [
          el("div", {}, drawing(size, size, rect(0, 0, size, size, FRAME), map.parts)),
          el("div", { style: `width: ${width > size + 200 ? width - size - 24 : width}px` }, [
            note(`The map: ${ofMany}each letter's embedding.`),
            note("Made-up names, step by step:"),
            run.names.map(([step, words]) => note(`${step.toLocaleString("en")}: `, el("b", {}, words))),
          ]),
        ]),
      ],
      alt: `${title}. Lines mark ${lines.join(" and ")}. It makes up ${made}.`,
      run,
      engine: kernel ? "kernel" : "page",
    };
  };
}

const digits = (loss) => loss.toFixed(loss < 10 ? 3 : 1);

/** Each mean with those before it, over a twentieth of the run. */
function smoothed(means) {
  const span = Math.max(1, Math.round(means.length / 20));
  return means.map((_, i) => {
    const near = means.slice(Math.max(0, i - span + 1), i + 1);
    return near.reduce((sum, mean) => sum + mean, 0) / near.length;
  });
}

/** From which loss to which the axis goes: neither the first steps nor a single spike may press all others flat. */
function range(curve, others, blind) {
  const known = curve.filter(Number.isFinite);
  const late = known.slice(Math.floor(known.length / 10)).sort((a, b) => a - b);
  const most = late.length ? Math.max(late[Math.floor(0.95 * (late.length - 1))], known.at(-1)) : blind;
  const [low, high] = [Math.min(...others, late[0] ?? blind), Math.max(...others, most)];
  const room = 0.06 * (high - low) + 0.02;
  return [low - room, high + room];
}

/** The chart of the losses, with lines at what is to be beaten and marks where a slider moved. */
function losses(run, curve, targets, width) {
  const ys = range(curve, Object.values(targets), Math.log(run.flat.length / 2));
  const speed = pace(run.seen);
  const ground = chart(width, 240, {
    xs: [0, Math.max(run.steps, 100)],
    ys,
    yWords: (loss) => loss.toFixed(ys[1] - ys[0] < 0.5 ? 2 : 1),
    xWords: (step) => step.toLocaleString("en"),
    label: speed ? `step (${speed} per second)` : "step",
  });
  const at = (step, loss) => [ground.x(step), loss == null ? NaN : Math.max(ground.top, ground.y(loss))];
  const all = (values) => values.map((loss, i) => at((i + 1) * run.per, loss));
  const dev = run.dev.map(([step, loss]) => at(step, loss));
  const peak = run.means.reduce((top, loss, i) => (loss > (run.means[top] ?? ys[1]) ? i : top), -1);
  return drawing(width, 240, [
    ground.axes,
    Object.entries(targets).map(([words, value]) => {
      const y = ground.y(value);
      const down = value < Math.max(...Object.values(targets)) ? 13 : -4; // apart, even where the lines are not
      return [
        line(ground.left, y, ground.right, y, { stroke: "var(--ink)", "stroke-dasharray": "2 4" }),
        text(ground.left + 6, y + down, `${words} ${digits(value)}`),
      ];
    }),
    run.marks.map(({ step, name, value }, i) => [
      path([at(step, ys[1]), at(step, ys[0])], { stroke: "var(--purple)", "stroke-dasharray": "5 3" }),
      text(ground.x(step) + 3, ground.top + 24 + 14 * (i % 4), `${WORDS[name]} ${shown(value)}`),
    ]),
    path(all(run.means), { stroke: "var(--blue)", "stroke-opacity": 0.35 }),
    path(all(curve), { stroke: "var(--blue)", "stroke-width": 2.5 }),
    path(dev, { stroke: "var(--orange)", "stroke-width": 1.5 }),
    dev.map(([cx, cy]) => Number.isFinite(cy) && el("circle", { cx, cy, r: 3, fill: "var(--orange)" })),
    peak >= 0 &&
      text(ground.x((peak + 1) * run.per), ground.top + 9, `▲ ${digits(run.means[peak])}`, { class: "quiet" }),
  ]);
}

/** Steps per second over the last reports, in two digits that count; null until there are some. */
function pace(seen) {
  const [[then, before], [now, after]] = [seen[0] ?? [0, 0], seen.at(-1) ?? [0, 0]];
  return now - then > 400 ? shown(Number(((1000 * (after - before)) / (now - then)).toPrecision(2))) : null;
}
