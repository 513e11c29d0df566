/**
 * The pictures of the adaptation trajectory, each a function of what is looked at (`View`), and what they say in words.
 *
 * View: {scene, starts: those shown, with looks, step, steps, points, amplitude, cursor, who: whose predictions}.
 */
import {
  array,
  chart,
  contour,
  depth,
  html,
  interpolate,
  line,
  looks,
  marker,
  number,
  pixels,
  shade,
  short,
  svg,
  trace,
} from "./kit.js";

const MOST_IMAGES = 15;

// What Python says ----------------------------------------------------------------------------------------------

/** A scene with typed arrays. A start whose surface is still to come keeps the one `before`, to be shown until then. */
export function decode(scene, before) {
  const starts = scene.starts.map((start) => {
    const old = before?.task === scene.task ? before.starts.find(({ name }) => name === start.name) : null;
    const surface = start.surface && { ...start.surface, loss: array(start.surface.loss) };
    const stale = surface ? null : old?.surface ? { ...old, stale: null } : old?.stale;
    const arrays = ["support_loss", "query_loss", "accuracy", "path", "curve", "probabilities"];
    return { ...start, ...Object.fromEntries(arrays.map((key) => [key, array(start[key])])), surface, stale };
  });
  const sets = scene.support && { support: { x: array(scene.support.x), y: array(scene.support.y) } };
  const images = { support_images: array(scene.support_images), query_images: array(scene.query_images) };
  return { ...scene, ...sets, ...images, x: array(scene.x), truth: array(scene.truth), starts };
}

/** What is looked at: the scene, cut to the starts and steps that are chosen. */
export function look(scene, choices, limits, step, { cursor = null, who = null } = {}) {
  const look = looks(limits[scene.task].starts);
  const starts = choices.shown
    .map((name) => scene.starts.find((start) => start.name === name) ?? { name, problem: null })
    .map((start) => ({ ...start, look: look[start.name] ?? looks([start.name])[start.name] }));
  const steps = Math.min(choices.steps, scene.steps);
  const amplitude = Math.max(...(limits.sinusoid?.amplitude ?? [1]));
  const whose =
    starts.find(({ name, probabilities }) => name === who && probabilities) ?? starts.find((s) => s.probabilities);
  return {
    scene,
    starts,
    steps,
    step: Math.min(step, steps),
    points: choices.points,
    amplitude,
    cursor,
    who: whose?.name,
  };
}

const learned = (view) => view.starts.filter((start) => start.query_loss);
const percent = (share) => `${Math.round(100 * share)}%`;

/** One line by numbers: what there is to see. */
export function summary(view) {
  if (!learned(view).length) return `Step ${view.step} of ${view.steps}. There are no losses to show.`;
  const told = (key, text) =>
    learned(view)
      .map((start) => `${start.name} ${text(start[key][view.step])}`)
      .join(", ");
  const accuracy = view.scene.task === "omniglot" ? ` Accuracy: ${told("accuracy", percent)}.` : "";
  return `Step ${view.step} of ${view.steps}. Query loss: ${told("query_loss", number)}.${accuracy}`;
}

// Pictures ------------------------------------------------------------------------------------------------------

/** The lowest and highest loss over all surfaces shown, so that one colour means one loss in every panel. */
export function heights(view) {
  const all = view.starts.flatMap((start) => (start.surface ?? start.stale?.surface)?.loss ?? []);
  const finite = all.flatMap((row) => [...row]).filter((v) => Number.isFinite(v) && v > 0);
  if (!finite.length) return { low: 0.1, high: 10 };
  const high = finite.reduce((a, b) => Math.max(a, b)) * 1.0001;
  return {
    low: Math.max(
      finite.reduce((a, b) => Math.min(a, b)),
      high * 1e-4,
    ),
    high,
  };
}

/** Losses with contour lines: round numbers, more in each decade where there are few decades. */
function levels({ low, high }) {
  const decades = Math.log10(high / low);
  const factors =
    decades > 4
      ? [1]
      : decades > 2.5
        ? [1, 2, 5]
        : decades > 1
          ? [1, 1.5, 2, 3, 5, 7]
          : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9];
  const powers = Array.from({ length: Math.ceil(decades) + 2 }, (_, i) => Math.floor(Math.log10(low)) + i);
  return powers.flatMap((power) => factors.map((f) => f * 10 ** power)).filter((v) => v > low && v < high);
}

const grounds = new WeakMap(); // a surface's picture takes longer than all else, and is the same at every step

/** The surface, coloured and with contour lines, on the area of a chart. */
function ground(loss, range, x, y) {
  const frame = [...x.range, ...y.range, range.low, range.high].join();
  if (grounds.get(loss)?.frame === frame) return grounds.get(loss).picture;
  const cells = loss.length - 1;
  const [w, h] = [(x.range[1] - x.range[0]) / cells, (y.range[0] - y.range[1]) / cells];
  const size = { x: x.range[0] - w / 2, y: y.range[1] - h / 2, width: w * (cells + 1), height: h * (cells + 1) };
  const href = pixels(loss.toReversed(), (v) => shade(depth(v, range)));
  const lines = levels(range).flatMap((level) => contour(loss, level));
  const d = lines.map(([from, to]) => `M${from.map((v) => v.toFixed(2))}L${to.map((v) => v.toFixed(2))}`).join("");
  const place = `translate(${x.range[0]} ${y.range[0]}) scale(${w} ${-h})`;
  const image = svg("image", { href, preserveAspectRatio: "none", ...size });
  const picture = svg("g", {}, image, svg("path", { d, transform: place, class: "mk-contour" }));
  grounds.set(loss, { frame, picture });
  return picture;
}

/** The path of theta from one start over the support loss, on the plane through the path; or why there is none. */
export function landscape(slot, view, start, range, width) {
  const seen = start.surface || !start.stale ? start : start.stale;
  if (start.problem) return slot.replaceChildren(html("p", { class: "mk-problem" }, start.problem));
  if (!seen.path)
    return slot.replaceChildren(html("p", { class: "mk-empty", style: `height:${width}px` }, "being computed …"));
  const path = seen.path.slice(0, view.steps + 1);
  const step = Math.min(view.step, path.length - 1);
  const around = (k) => {
    const along = path.map((point) => point[k]).filter(Number.isFinite);
    const pad = 0.2 * (Math.max(...along) - Math.min(...along)) + 1e-3;
    return [Math.min(...along) - pad, Math.max(...along) + pad];
  };
  const { picture, plot, x, y } = chart(slot, {
    width,
    height: width,
    margin: { top: 24, right: 8, bottom: 38, left: 40 },
    x: { domain: seen.surface?.x ?? around(0), label: "along the path", ticks: 3 },
    y: { domain: seen.surface?.y ?? around(1), label: "across the path", ticks: 4 },
    label:
      `${start.name}: support loss on the plane of its path, ${number(start.support_loss[0])} at the start, ` +
      `${number(start.support_loss[view.step])} at step ${view.step}`,
  });
  if (seen.surface) plot.append(ground(seen.surface.loss, range, x, y));
  const at = path.map(([a, b]) => [x(a), y(b)]);
  const look = { ...start.look, dash: null };
  plot.append(
    svg("g", { class: "mk-halo" }, line(at, look, { "stroke-width": 5 })),
    svg("g", { opacity: 0.45 }, line(at.slice(step), look, { "stroke-width": 1.4 })),
    line(at.slice(0, step + 1), look),
    ...at
      .filter(([a, b]) => Number.isFinite(a + b))
      .map(([a, b], i) => marker(look, a, b, 3.2, { opacity: i > step ? 0.6 : 1 })),
  );
  if (Number.isFinite(at[step][0] + at[step][1])) {
    const [a, b] = at[step];
    plot.append(
      svg("circle", { cx: a, cy: b, r: 11, class: "mk-here" }),
      marker(look, a, b, 6.5, { "data-now": `${step}` }),
    );
  }
  picture.classList.toggle("mk-stale", seen !== start);
}

/** What the colours of the surfaces mean. */
export function legend(slot, range, width) {
  const wide = Math.min(width, 420);
  const { plot, x } = chart(slot, {
    width: wide,
    height: 48,
    margin: { top: 20, right: 30, bottom: 16, left: 30 },
    x: { domain: [range.low, range.high], log: true, label: "" },
    y: { domain: [0, 1], label: "support loss (log scale, the same in all panels)", ticks: [] },
    label: `Colours of the support loss, from ${number(range.low)} (pale) to ${number(range.high)} (dark)`,
  });
  const [from, to] = x.range;
  const stripes = Array.from({ length: 50 }, (_, i) => ({
    x: from + (i * (to - from)) / 50,
    fill: `rgb(${shade(i / 49)})`,
  }));
  plot.append(...stripes.map((stripe) => svg("rect", { ...stripe, y: 20, width: (to - from) / 50 + 0.5, height: 12 })));
}

/** Each start's curve at this step, faint at the steps before, with the truth and the points; returns the x scale. */
export function fit(slot, view, width) {
  const { scene } = view;
  const top = view.amplitude * 1.3;
  const losses = learned(view)
    .map((start) => `${start.name} ${number(start.query_loss[view.step])}`)
    .join(", ");
  const { plot, x, y } = chart(slot, {
    width,
    height: 280,
    x: { domain: [scene.x[0], scene.x.at(-1)], label: "x" },
    y: { domain: [-top, top], label: "y" },
    label: `Fit at step ${view.step}. Query loss: ${losses}. Support points at x = ${view.points.map(short).join(", ")}`,
  });
  const curve = (heights) => Array.from(scene.x, (v, i) => [x(v), y(heights[i])]);
  plot.append(
    line(curve(scene.truth), { colour: "var(--mk-grey)", dash: null }, { "stroke-width": 4, class: "mk-truth" }),
  );
  for (const { curve: curves, look, name } of view.starts.filter((start) => start.curve)) {
    for (let step = 0; step < view.step && view.starts.length <= 3; step++) {
      plot.append(svg("path", { class: "mk-before", d: trace(curve(curves[step])), stroke: look.colour }));
    }
    plot.append(line(curve(curves[view.step]), look, { "data-start": name }));
  }
  for (const point of view.points) {
    const known = scene.support.x.findIndex((v) => Math.abs(v - point) < 1e-4);
    const height = known < 0 ? interpolate(scene.x, scene.truth, point) : scene.support.y[known];
    plot.append(
      svg("circle", { cx: x(point), cy: y(height), r: 5.5, class: known < 0 ? "mk-point mk-new" : "mk-point" }),
    );
  }
  if (view.cursor !== null) {
    const [a, b] = [x(view.cursor), y(interpolate(scene.x, scene.truth, view.cursor))];
    plot.append(
      svg("line", { x1: a, x2: a, y1: y.range[0], y2: y.range[1], class: "mk-cursor" }),
      svg("circle", { cx: a, cy: b, r: 8, class: "mk-cursor" }),
    );
  }
  return x;
}

/** One number of each start (`key`: query_loss or accuracy) by step, with a line at this step. */
export function bySteps(slot, view, key, width) {
  const shares = key === "accuracy";
  const series = learned(view).map((start) => ({
    ...start,
    values: Array.from(start[key].slice(0, view.steps + 1), (v) => (shares ? 100 * v : v)),
  }));
  const all = series.flatMap(({ values }) => values).filter((v) => Number.isFinite(v) && v > 0);
  const first = Math.max(...series.map(({ values }) => values[0]).filter(Number.isFinite));
  const high = Math.min(Math.max(...all), 100 * first);
  const low = Math.max(Math.min(...all), high * 1e-5);
  const losses = {
    domain: all.length ? [low / 1.2, high * 1.2] : [0.1, 10],
    log: true,
    label: "query loss (log scale)",
  };
  const { plot, x, y } = chart(slot, {
    width,
    height: 280,
    x: { domain: [-0.3, view.steps + 0.3], label: "step", ticks: whole(view.steps) },
    y: shares ? { domain: [-4, 104], label: "accuracy (%)", ticks: [0, 20, 40, 60, 80, 100] } : losses,
    label:
      `${shares ? "Accuracy (%)" : "Query loss"} by step. ` +
      series.map(({ name, values }) => `${name}: ${values.map(number).join(", ")}`).join(". "),
  });
  plot.append(svg("line", { x1: x(view.step), x2: x(view.step), y1: y.range[0], y2: y.range[1], class: "mk-now" }));
  for (const { values, look } of series) {
    const at = values.map((v, i) => [x(i), y(shares ? v : Math.max(v, y.invert(y.range[0])))]);
    plot.append(line(at, look));
    at.forEach(([a, b], i) => Number.isFinite(b) && plot.append(marker(look, a, b, i === view.step ? 6.5 : 4)));
  }
}

const whole = (steps) =>
  Array.from({ length: steps + 1 }, (_, i) => i).filter((i) => i % Math.ceil(steps / 10 || 1) === 0);
const letter = (label) => String.fromCharCode(65 + label);
const tiles = new WeakMap();

/** An image in ink on paper; the same element at every step. */
function tile(image, alt) {
  if (!tiles.has(image)) {
    const src = pixels(image, (v) => [255 - v, 255 - v, 255 - v]);
    tiles.set(image, html("img", { src, alt, width: 44, height: 44 }));
  }
  return tiles.get(image);
}

/** The support images with their classes, and what one start says of each query image. */
export function episode(view) {
  const { scene } = view;
  const start = view.starts.find(({ name }) => name === view.who);
  const byClass = [...scene.support_labels.keys()].sort((a, b) => scene.support_labels[a] - scene.support_labels[b]);
  const support = byClass.map((i) => {
    const words = `class ${letter(scene.support_labels[i])}`;
    return html(
      "figure",
      { class: "mk-tile" },
      tile(scene.support_images[i], `support image of ${words}`),
      html("figcaption", {}, words),
    );
  });
  const nth = scene.query_labels.map(
    (label, i) => scene.query_labels.slice(0, i).filter((other) => other === label).length,
  );
  const order = [...nth.keys()].sort((a, b) => nth[a] - nth[b] || scene.query_labels[a] - scene.query_labels[b]);
  const queries = start ? order.slice(0, MOST_IMAGES).map((i) => answer(start, scene, i, view.step)) : [];
  const some = order.length > MOST_IMAGES ? `, ${MOST_IMAGES} of ${order.length}` : "";
  const says = `Query images${some}, and what ${view.who} says at step ${view.step} (blue: the true class)`;
  const row = (title, images) => html("div", { class: "mk-tiles" }, html("p", {}, title), ...images);
  return html("div", {}, row(`Support set (${scene.source})`, support), row(says, queries));
}

function answer(start, scene, i, step) {
  const chances = [...start.probabilities[step][i]];
  const [said, truth] = [chances.indexOf(Math.max(...chances)), scene.query_labels[i]];
  const right = said === truth;
  const bars = chances.map((chance, c) => [
    svg("rect", {
      x: 1 + c * 17,
      y: 40 - 38 * chance,
      width: 13,
      height: Math.max(38 * chance, 0.8),
      class: c === truth ? "mk-bar mk-true" : "mk-bar",
    }),
    svg("text", { x: 7.5 + c * 17, y: 53, "text-anchor": "middle" }, letter(c)),
  ]);
  const label =
    `Class ${letter(truth)}: ` +
    chances.map((chance, c) => `${letter(c)} ${percent(chance)}`).join(", ") +
    (right ? "; right" : "; wrong");
  const picture = svg(
    "svg",
    { width: 3 + 17 * chances.length, height: 56, role: "img", "aria-label": label },
    ...bars.flat(),
  );
  const verdict = html(
    "figcaption",
    { class: right ? "mk-right" : "mk-wrong" },
    `${right ? "✓" : "✗"} ${letter(said)} ${percent(chances[said])}`,
  );
  return html(
    "figure",
    { class: "mk-tile mk-query" },
    tile(scene.query_images[i], `query image of class ${letter(truth)}`),
    picture,
    verdict,
  );
}

/** All losses as a table, for readers who do not see the pictures, or want the numbers. */
export function table(view) {
  const keys = [
    ["support_loss", "support loss", number],
    ["query_loss", "query loss", number],
  ];
  if (view.scene.task === "omniglot") keys.push(["accuracy", "accuracy", percent]);
  const columns = learned(view).flatMap((start) =>
    keys.map(([key, words, text]) => ({ title: `${start.name}: ${words}`, at: (i) => text(start[key][i]) })),
  );
  const rows = Array.from({ length: view.steps + 1 }, (_, i) =>
    html(
      "tr",
      { "aria-current": i === view.step && "step" },
      html("th", { scope: "row" }, `${i}`),
      ...columns.map((column) => html("td", {}, column.at(i))),
    ),
  );
  const head = html(
    "tr",
    {},
    html("th", { scope: "col" }, "step"),
    ...columns.map(({ title }) => html("th", { scope: "col" }, title)),
  );
  return html("table", {}, html("thead", {}, head), html("tbody", {}, ...rows));
}
