/**
 * Where to start when theta is one number: the loss after some steps as a function of the start phi, for each task and
 * in the mean, with the starts that MAML, FOMAML and joint training find best, and one start that the reader drags.
 */
import {
  array,
  button,
  chart,
  drawn,
  html,
  ids,
  interpolate,
  line,
  looks,
  marker,
  number,
  slider,
  stillness,
  svg,
  telling,
} from "./kit.js";

const MORPH = 300; // milliseconds
const DASHES = ["2 3", "7 4", "10 3 2 3", "14 5", "5 2 1 2 1 2"];
const HEIGHT = 380;
const ROW = 20; // pixels for the name of each best start above the plot

/** The curves with typed arrays. */
export function decode({ phi, losses, mean, best, ...rest }) {
  const starts = Object.fromEntries(Object.entries(best).map(([name, values]) => [name, array(values)]));
  return { phi: array(phi), losses: array(losses), mean: array(mean), best: starts, ...rest };
}

/** The curves after `step` steps; `share` of the way there from those after `before` steps. */
export function between(curves, before, step, share = 1) {
  const mix = (from, to) => (share === 1 ? to : to.map((v, i) => (1 - share) * from[i] + share * v));
  return {
    tasks: curves.losses[step].map((losses, n) => mix(curves.losses[before][n], losses)),
    mean: mix(curves.mean[before], curves.mean[step]),
    best: Object.entries(curves.best).map(([name, starts]) => [name, mix([starts[before]], [starts[step]])[0]]),
  };
}

/** One line by numbers: what the dragged start costs, and which starts are best. */
export function summary(curves, step, phi) {
  const at = (losses) => number(interpolate(curves.phi, losses, phi));
  const tasks = curves.tasks.map(({ name }, n) => `${name} ${at(curves.losses[step][n])}`).join(", ");
  const best = Object.entries(curves.best)
    .map(([name, starts]) => `${name} ${where(starts[step])}`)
    .join(", ");
  const mean = `the mean loss is ${at(curves.mean[step])} (${tasks})`;
  return `At φ = ${number(phi)}, after ${steps(step)}, ${mean}. Best starts: ${best}.`;
}

const where = (start) => (Number.isFinite(start) ? number(start) : "nowhere"); // FOMAML may have nowhere to stop
const steps = (m) => (m === 1 ? "1 step" : `${m} steps`);

/** Draw it all; returns the horizontal scale. */
export function picture(slot, curves, { tasks, mean, best }, step, phi, width) {
  const top = 1.2 * curves.mean[0].toSorted()[curves.mean[0].length >> 1]; // half of all starts, with room above
  const look = looks(best.map(([name]) => name));
  const { plot, over, x, y } = chart(slot, {
    width,
    height: HEIGHT,
    margin: { top: 30 + ROW * best.length, right: 14, bottom: 40, left: 46 },
    x: { domain: [curves.phi[0], curves.phi.at(-1)], label: "start φ" },
    y: { domain: [0, top], label: "" },
    label: summary(curves, step, phi),
  });
  const curve = (losses) => Array.from(curves.phi, (v, i) => [x(v), y(losses[i])]);
  const grey = (n) => ({ colour: "var(--mk-muted)", dash: DASHES[n % DASHES.length] });
  tasks.forEach((losses, n) =>
    plot.append(line(curve(losses), grey(n), { "stroke-width": 1.5, "data-task": curves.tasks[n].name })),
  );
  plot.append(line(curve(mean), { colour: "var(--mk-text)", dash: null }, { "stroke-width": 3.5, "data-mean": true }));
  over.append(svg("text", { x: 2, y: y.range[1] - 8 }, `loss after ${steps(step)}`));
  const places = best
    .filter(([, start]) => Number.isFinite(start))
    .map(([name, start]) => ({ name, start, a: x(start) }));
  const left = Math.min(...places.map(({ a }) => a)) > width - Math.max(...places.map(({ a }) => a));
  places.sort((p, q) => (left ? q.a - p.a : p.a - q.a)); // names stand where no line of another start crosses them
  places.forEach(({ name, start, a }, i) => {
    const b = 14 + ROW * i;
    const side = { x: a + (left ? -12 : 12), y: b + 4, "text-anchor": left ? "end" : "start", class: "mk-name" };
    over.append(
      line(
        [
          [a, b],
          [a, y.range[0]],
        ],
        look[name],
        { "stroke-width": 1.6, "data-best": name },
      ),
      marker(look[name], a, b, 6),
      marker(look[name], a, y(interpolate(curves.phi, mean, start)), 6),
      svg("text", side, `${name}: ${number(start)}`),
    );
  });
  const [a, b] = [x(phi), y(interpolate(curves.phi, mean, phi))];
  over.append(
    svg("line", { x1: a, x2: a, y1: y.range[0], y2: y.range[1], class: "mk-cursor" }),
    svg("circle", { cx: a, cy: Math.max(b, y.range[1]), r: 9, class: "mk-grip" }),
  );
  return x;
}

/** What the line styles mean. */
function key(curves) {
  const sample = (colour, dash, size) =>
    svg(
      "svg",
      { width: 34, height: 16, "aria-hidden": "true" },
      line(
        [
          [1, 8],
          [33, 8],
        ],
        { colour, dash },
        { "stroke-width": size },
      ),
    );
  const item = (swatch, words) => html("span", {}, swatch, words);
  const tasks = curves.tasks.map(({ name }, n) =>
    item(sample("var(--mk-muted)", DASHES[n % DASHES.length], 1.5), name),
  );
  return html("p", { class: "mk-key" }, item(sample("var(--mk-text)", null, 3.5), "mean of the tasks"), ...tasks);
}

function render({ model, el }) {
  const id = ids();
  const curves = decode(model.get("curves"));
  const last = curves.mean.length - 1;
  const seen = { step: Math.min(model.get("step") ?? 0, last), before: 0, since: null, scale: null };
  const put = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  const start = slider({ id: id("phi"), label: "start φ", text: number, change: (v) => put("phi", v) });
  const many = slider({ id: id("steps"), label: "inner steps", change: (v) => put("step", v) });
  const presets = Object.keys(curves.best).map((name) =>
    button(`φ at ${name}'s best start`, () => put("phi", curves.best[name][seen.step])),
  );
  const told = telling("");
  const plot = html("div", { class: "mk-plot mk-drag", style: `height:${HEIGHT}px` });
  const section = { class: "mk", "aria-label": "The start in one dimension" };
  const controls = html("div", { class: "mk-controls" }, start.node, many.node);
  const hint = html("p", { class: "mk-hint" }, "Drag in the plot to move the start φ, or use the slider.");
  const root = html(
    "section",
    section,
    controls,
    html("div", { class: "mk-presets" }, ...presets),
    told.node,
    key(curves),
    plot,
    hint,
  );

  const draw = (width) => {
    const phi = model.get("phi") ?? 0;
    const share = seen.since === null ? 1 : Math.min((performance.now() - seen.since) / MORPH, 1);
    seen.scale = picture(plot, curves, between(curves, seen.before, seen.step, share), seen.step, phi, width);
    if (share < 1) return view.again();
    seen.since = null;
    told.tell(
      Array.from(curves.mean, (_, step) => summary(curves, step, phi)),
      seen.step,
    );
  };
  const view = drawn(root, draw);
  const changed = {
    step: () => {
      const step = Math.min(model.get("step") ?? 0, last);
      Object.values(curves.best).forEach((starts, i) => (presets[i].disabled = !Number.isFinite(starts[step])));
      if (step !== seen.step)
        Object.assign(seen, { before: seen.step, step, since: stillness() ? null : performance.now() });
      many.set(step, curves.mean.keys());
      view.again();
    },
    phi: () => {
      start.set(model.get("phi") ?? 0, curves.phi);
      view.again();
    },
  };
  const drag = (event) => {
    if (event.type === "pointerdown") plot.setPointerCapture(event.pointerId);
    else if (!plot.hasPointerCapture(event.pointerId)) return;
    const phi = seen.scale.invert(event.clientX - plot.getBoundingClientRect().left);
    put("phi", Math.min(Math.max(phi, curves.phi[0]), curves.phi.at(-1)));
  };

  for (const type of ["pointerdown", "pointermove"]) plot.addEventListener(type, drag);
  el.classList.add("metakit-widget");
  el.replaceChildren(root);
  for (const [name, react] of Object.entries(changed)) {
    model.on(`change:${name}`, react);
    react();
  }
  return () => {
    for (const [name, react] of Object.entries(changed)) model.off(`change:${name}`, react);
    view.stop();
    el.replaceChildren();
  };
}

export default { render };
