// The critic's card: two densities drawn once from the checkpoint's calibration, one marker for the raw picture and
// a numbered one below the axis for each stage after it.
import { text } from "../../assets/dom.js";
import { spreadOut } from "./spread.js";

const WIDTH = 320;
const FLOOR = 78; // y of the axis
const TOP = 8;
const ROW = 13; // from the axis to the middle of the stages' markers
const GAP = 14; // between two of them
const SVG = "http://www.w3.org/2000/svg";

export default function ({ element, settings }) {
  // densities: {logits: [...], generated: [...], real: [...] or null} or null
  const { densities, note } = settings;
  const scale = element.querySelector(".scale");
  element.querySelector(".note").textContent = note;
  const words = element.querySelector(".words");
  const headline = element.querySelector(".headline");
  const stages = element.querySelector(".stages");

  function draw(tag, attributes, parent = scale) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    parent.append(node);
    return node;
  }

  const from = densities?.logits[0] ?? 0;
  const to = densities?.logits.at(-1) ?? 1;
  /** Place of a logit on the scale; what lies beyond its ends stands at them. */
  const place = (logit) => 6 + (WIDTH - 12) * Math.min(Math.max((logit - from) / (to - from), 0), 1);

  if (densities) {
    const kinds = ["generated", "real"].filter((kind) => densities[kind]); // no real ones: none were at hand
    element.querySelector(".end-real").hidden = !densities.real;
    const peak = Math.max(...kinds.flatMap((kind) => densities[kind]));
    for (const kind of kinds) {
      const points = densities.logits.map((logit, i) => [place(logit), FLOOR - ((FLOOR - TOP) * densities[kind][i]) / peak]);
      const line = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
      draw("path", { class: `area ${kind}`, d: `M${place(from)} ${FLOOR}L${line}L${place(to)} ${FLOOR}Z` });
      draw("path", { class: `line ${kind}`, d: `M${line}` });
    }
    draw("line", { class: "axis", x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR });
  } else {
    scale.remove();
    element.querySelector(".ends").remove();
  }

  const markers = [];
  /** The marker number i: a full diamond for the raw picture, hollow numbered ones for the stages. */
  function marker(i) {
    if (!markers[i]) {
      const group = draw("g", { class: i ? "marker stage" : "marker raw" });
      if (i) scale.insertBefore(group, markers[0]); // the raw picture's stands before all others
      if (!i) draw("line", { class: "stem", x1: 0, x2: 0, y1: TOP - FLOOR, y2: 0 }, group);
      if (i) draw("line", { class: "thread-to", x2: 0, y1: -ROW, y2: -6 }, group); // from where it stands
      if (i) draw("circle", { class: "diamond", r: 6.5 }, group);
      else draw("path", { class: "diamond", d: "M0 -6L5 0L0 6L-5 0Z" }, group);
      if (i) draw("text", { y: 3.2, "text-anchor": "middle" }, group).textContent = i;
      markers[i] = group;
    }
    return markers[i];
  }

  /** Never "0 %" or "100 %": nothing is beyond all of a sample for sure. */
  function share(reading) {
    const percent = reading?.percentile_real;
    if (percent == null) return "–";
    return percent < 1 ? "< 1 %" : percent > 99 ? "> 99 %" : `${Math.round(percent)} %`;
  }

  function stageRow(i) {
    while (stages.children.length <= i) {
      const row = document.createElement("li");
      for (const name of ["mark", "name", "share"]) row.append(Object.assign(document.createElement("span"), { className: name }));
      stages.append(row);
    }
    return stages.children[i].children;
  }

  const WORDS_MS = 100; // nobody reads faster, and each change of words is a layout; the markers follow every picture
  let newest = null;
  let written = null;
  let wordsTimer = 0;

  const readingsOf = (detail) => [{ title: "raw picture", critic: detail.critic }, ...detail.stages];

  function write() {
    wordsTimer = 0;
    if (written === newest) return;
    written = newest;
    wordsTimer = setTimeout(write, WORDS_MS);
    const readings = readingsOf(newest);
    text(headline, newest.spoken?.headline ?? "");
    text(words, newest.spoken?.words ?? "This model came without a critic.");
    readings.forEach(({ title, critic }, i) => {
      const [mark, name, percent] = stageRow(i);
      text(mark, i ? String(i) : "◆");
      text(name, title);
      text(percent, share(critic));
      percent.title = critic?.percentile_real != null ? `${share(critic)} of held-out real pictures convince the critic less (logit ${critic.logit.toFixed(2)})` : "";
    });
    while (stages.children.length > readings.length) stages.lastChild.remove();
  }

  document.addEventListener("atelier:answer", ({ detail }) => {
    if (!detail.read) return; // in the middle of a drag: its reading comes with one of the next pictures
    newest = detail;
    const readings = densities ? readingsOf(detail).filter(({ critic }) => critic) : [];
    const places = readings.map(({ critic }) => place(critic.logit));
    const spread = spreadOut(places.slice(1), GAP, 7, WIDTH - 7);
    places.forEach((x, i) => {
      marker(i).setAttribute("transform", `translate(${(i ? spread[i - 1] : x).toFixed(1)} ${i ? FLOOR + ROW : FLOOR})`);
      if (i) marker(i).firstChild.setAttribute("x1", x - spread[i - 1]);
    });
    while (markers.length > readings.length) markers.pop().remove();
    if (!wordsTimer) write();
  });
}
