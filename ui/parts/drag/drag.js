// Drag by points: ends are set by hand or keys, steps come in slices, and each answer is drawn; a drag can be undone.
import { keep, openOnPlate, plateValues, worked } from "../../assets/bench.js";
import { make, text, toast } from "../../assets/dom.js";
import { byArrow, endNear, maskText, nearPulls, painted, withEnd } from "./pulls.js";

const REACH = 16; // px of the screen, within which a hand takes hold of an end
const BRUSH = 0.07; // of the picture's side
const NEAR = 0.16;

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const frame = find(".frame");
  const canvas = find(".mask");
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let number = 0;
  let trail = []; // pictures, the plate's first: {recipe, picture, caption}
  let taken = null; // the plate's values that the trail began with
  let pulls = [];
  let mask = null; // what was painted
  let dragging = 0; // the number of the drag that goes on
  let shown = null; // what it has made so far: {recipe, picture, points, …}

  if (settings.refusal) {
    text(find(".refusal"), settings.refusal);
    find(".refusal").hidden = false;
    find(".workplace").hidden = true;
    for (const button of element.querySelectorAll(".bench-head .bench-button")) button.hidden = true;
    return {};
  }
  canvas.width = canvas.height = settings.grid;

  // ---------------------------------------------------------------- the picture

  const newest = () => shown ?? trail.at(-1);

  async function fromPlate() {
    const values = await plateValues();
    if (!values) return;
    halt();
    const answer = await backend.plate({ values });
    if (!worked(answer)) return;
    taken = JSON.stringify(values);
    trail = [answer];
    say("");
    draw();
  }

  new IntersectionObserver(async ([{ isIntersecting }]) => {
    if (isIntersecting && !dragging && trail.length < 2 && JSON.stringify(await plateValues()) !== taken) fromPlate();
  }).observe(element);

  // ---------------------------------------------------------------- ends

  const placeOf = ({ clientX, clientY }) => {
    const { left, top, width, height } = find(".now").getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  const may = () => find("[name=may]:checked").value;
  let held = null; // {index, end} or "brush", while a hand is down

  frame.addEventListener("pointerdown", (event) => {
    if (event.button || dragging || !trail.length) return;
    const at = placeOf(event);
    const near = endNear(pulls, at, REACH / frame.clientWidth);
    if (near) held = near;
    else if (may() === "painted") held = "brush";
    else {
      if (pulls.length === settings.points) return toast(`There are ${settings.points} points at most.`);
      pulls = [...pulls, [...at, ...at]];
      held = { index: pulls.length - 1, end: 1 };
    }
    frame.setPointerCapture(event.pointerId);
    event.preventDefault();
    move(at);
  });
  frame.addEventListener("pointermove", (event) => held && move(placeOf(event)));
  for (const over of ["pointerup", "pointercancel"]) frame.addEventListener(over, () => ((held = null), draw()));

  function move(at) {
    if (held === "brush") mask = painted(mask, settings.grid, at, BRUSH);
    else pulls = withEnd(pulls, held, at);
    draw();
  }

  function endButton(index, end) {
    const what = end ? "where it is to go" : "what is to move";
    const button = make("button", { type: "button", className: end ? "end target" : "end handle", title: `Point ${index + 1}: ${what} (arrow keys move it, Delete removes the point)` });
    button.setAttribute("aria-label", `Point ${index + 1}: ${what}`);
    button.addEventListener("keydown", (event) => {
      if (dragging || event.ctrlKey || event.metaKey || event.altKey) return;
      const at = byArrow(event.key, pulls[index].slice(2 * end, 2 * end + 2), (event.shiftKey ? 8 : 1) / settings.resolution);
      if (at) pulls = withEnd(pulls, { index, end }, at);
      else if (event.key === "Delete" || event.key === "Backspace") pulls = pulls.filter((_, i) => i !== index);
      else return;
      event.preventDefault();
      event.stopPropagation();
      draw();
    });
    return button;
  }

  // ---------------------------------------------------------------- a drag

  const asMask = () => (may() === "all" ? "" : maskText(may() === "near" ? nearPulls(pulls, settings.grid, NEAR) : mask));

  async function drag() {
    const far = pulls.filter(([x, y, toX, toY]) => Math.hypot(toX - x, toY - y) * settings.resolution >= 1);
    if (!far.length) return toast("Press on the picture and pull first: a point is to go somewhere else.");
    pulls = far;
    const from = trail.at(-1);
    const asked = { recipe: from.recipe, pulls, mask: asMask() };
    const mine = (dragging = ++number);
    find(".bar progress").value = 0;
    draw();
    let answer = await backend.start(asked);
    while (dragging === mine && element.isConnected) {
      if (answer.busy) await new Promise((resolve) => setTimeout(resolve, answer.busy));
      else if (!worked(answer) || answer.over) break;
      else shown = answer.picture ? answer : shown;
      const next = await backend.further({ ...asked, state: (answer.state ? answer : shown).state, job: { key, number: ++number } });
      if (dragging !== mine) return;
      if (!next.busy) answer = next;
      else await new Promise((resolve) => setTimeout(resolve, next.busy));
      if (answer.picture) {
        shown = answer;
        find(".bar progress").value = answer.share;
        say(answer.words);
        draw();
      }
    }
    if (dragging === mine) end();
  }

  /** What was reached becomes the newest picture; its points stay where they have come to. */
  function end() {
    dragging = 0;
    if (shown?.picture) {
      trail.push(shown);
      pulls = pulls.map(([, , toX, toY], i) => [...shown.points[i], toX, toY]);
    }
    shown = null;
    draw();
  }

  function halt() {
    if (!dragging) return;
    backend.stop({ job: { key, number } });
    end();
  }

  const back = (to) => {
    halt();
    if (trail.length < 2) return;
    trail = trail.slice(0, to);
    pulls = [];
    say(trail.length === 1 ? "The plate’s picture, as it was." : "The drag before.");
    draw();
  };

  // ---------------------------------------------------------------- what is seen

  const say = (words) => text(find(".status"), words);

  function draw() {
    const { picture, caption } = newest() ?? {};
    if (picture) find(".now").src = picture;
    text(find(".says"), caption ?? "AI-generated");
    const ends = find(".ends");
    while (ends.children.length > 2 * pulls.length) ends.lastChild.remove();
    while (ends.children.length < 2 * pulls.length) ends.append(endButton(ends.children.length >> 1, ends.children.length & 1));
    const lines = pulls.map(([x, y, toX, toY], i) => {
      const at = shown?.points?.[i] ?? [x, y];
      for (const [end, place] of [at, [toX, toY]].entries()) {
        ends.children[2 * i + end].style.left = `${place[0] * 100}%`;
        ends.children[2 * i + end].style.top = `${place[1] * 100}%`;
      }
      return `M${at.join(" ")}L${toX} ${toY}`;
    });
    find(".ways").innerHTML = `<path d="${lines.join("")}"/>`;
    const area = may() === "near" ? nearPulls(pulls, settings.grid, NEAR) : may() === "painted" ? mask : null;
    canvas.hidden = !area;
    if (area) {
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, settings.grid, settings.grid);
      pen.fillStyle = "rgb(20 16 10 / 45%)";
      area.forEach((on, i) => on || pen.fillRect(i % settings.grid, Math.floor(i / settings.grid), 1, 1));
    }
    find(".bar").hidden = !dragging;
    element.classList.toggle("is-dragging", Boolean(dragging));
    const state = { drag: dragging || !pulls.length, stop: !dragging, undo: trail.length < 2, reset: trail.length < 2, clear: dragging || !(pulls.length || mask), add: dragging, again: dragging, "to-plate": !trail.length || dragging, "keep-it": !trail.length || dragging };
    for (const [name, off] of Object.entries(state)) find(`[data-action="${name}"]`).disabled = Boolean(off);
  }

  for (const choice of element.querySelectorAll("[name=may]")) choice.addEventListener("change", draw);
  window.addEventListener("pagehide", halt);
  action("drag", { run: drag });
  action("stop", { keys: ["Escape"], says: "stop the drag; what was reached stays", run: halt });
  action("undo", { keys: ["u"], says: "undo the last drag", run: () => back(-1) });
  action("reset", { run: () => back(1) });
  action("clear", {
    run: () => {
      const before = { pulls, mask, picture: newest() };
      [pulls, mask] = [[], null];
      draw();
      const bringBack = () => {
        if (dragging || before.picture !== newest()) return toast("They belong to the picture as it was.");
        pulls = [...pulls, ...before.pulls].slice(0, settings.points);
        mask ??= before.mask;
        draw();
      };
      toast("The points are cleared.", { seconds: 12, offer: { says: "Undo", run: bringBack } });
    },
  });
  action("again", { run: fromPlate });
  action("add", {
    run: () => {
      if (pulls.length === settings.points) return toast(`There are ${settings.points} points at most.`);
      pulls = [...pulls, [0.5, 0.5, 0.5, 0.4]];
      draw();
      find(".ends").children[2 * pulls.length - 2].focus();
    },
  });
  action("to-plate", { run: () => openOnPlate(newest().recipe) });
  action("keep-it", { run: () => keep([{ recipe: newest().recipe, picture: newest().picture, caption: newest().caption, name: "dragged" }]) });
  draw();
  return {};
}
