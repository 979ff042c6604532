// The post-processing list: its value is the recipe's `steps`, its controls are built from the registry's schema.
// One component in place of a Gradio control for each parameter of each step.
import { base64, make, toast } from "../../assets/dom.js";
import { dragByGrip } from "./drag.js";

const MAX_PLACES = 5000; // of a slider; what has more (a seed) is a number to type
const PLACES = { all: "whole picture", subject: "subject only", background: "background only" };

export default function ({ element, settings, backend, action, props, trigger, watch }) {
  const find = (selector) => element.querySelector(selector);
  const list = find(".steps");
  const adder = find(".add-step");
  const filePicker = find("input[type=file]");
  const { schema, max_steps: maxSteps } = settings;
  const byName = Object.fromEntries(schema.map((step) => [step.name, step]));

  let steps = [];
  const closed = new WeakSet(); // steps of which only the name is shown

  /** Tell Gradio: it feeds the live view with the new value. `event` "input": the hand is still at it. */
  function changed(event = "release") {
    props.value = structuredClone(steps);
    queueMicrotask(() => trigger(event));
  }

  const button = (text, title, run) => {
    const node = make("button", { type: "button", textContent: text, title });
    node.setAttribute("aria-label", title);
    node.addEventListener("click", run);
    return node;
  };

  action("reorder", { keys: ["Alt+↑", "Alt+↓"], says: "in the step list: reorder" });

  // ---------------------------------------------------------------- one parameter

  function rangeInput(parameter, get, set, name) {
    const step = parameter.step ?? (parameter.kind === "integer" ? 1 : (parameter.maximum - parameter.minimum) / 100);
    const range = make("input", { type: "range", min: parameter.minimum, max: parameter.maximum, step, value: get() });
    const number = make("input", { type: "number", min: parameter.minimum, max: parameter.maximum, step, value: get() });
    range.setAttribute("aria-label", name);
    number.setAttribute("aria-label", `${name}, as a number`);
    const fill = () => {
      const part = (range.value - parameter.minimum) / (parameter.maximum - parameter.minimum);
      range.style.setProperty("--range_progress", `${100 * part}%`);
    };
    range.addEventListener("input", () => {
      number.value = range.value;
      fill();
      set(Number(range.value), "input");
    });
    let held = false; // by a pointer: keys change it by one step after the other, and are one change when they rest
    range.addEventListener("pointerdown", () => (held = true));
    range.addEventListener("change", () => {
      if (held) set(Number(range.value));
      held = false;
    });
    number.addEventListener("change", () => {
      if (number.value === "" || !number.checkValidity()) {
        const unit = parameter.unit ? ` ${parameter.unit}` : "";
        toast(`${name} goes from ${parameter.minimum} to ${parameter.maximum}${unit}.`, { alert: true });
        number.value = get();
        return;
      }
      range.value = number.value;
      fill();
      set(Number(number.value));
    });
    fill();
    const places = (parameter.maximum - parameter.minimum) / step;
    return places > MAX_PLACES ? [number] : [range, number];
  }

  const inputs = {
    number: rangeInput,
    integer: rangeInput,
    choice(parameter, get, set, name) {
      const select = make("select", {}, ...parameter.choices.map((choice) => make("option", { value: choice, textContent: choice })));
      select.value = get();
      select.setAttribute("aria-label", name);
      select.addEventListener("change", () => set(select.value));
      return [select];
    },
    flag(parameter, get, set, name) {
      const box = make("input", { type: "checkbox", checked: get() });
      box.setAttribute("aria-label", name);
      box.addEventListener("change", () => set(box.checked));
      return [box];
    },
    colour(parameter, get, set, name) {
      const picker = make("input", { type: "color", value: get() });
      picker.setAttribute("aria-label", name);
      picker.addEventListener("input", () => set(picker.value, "input"));
      picker.addEventListener("change", () => set(picker.value));
      return [picker];
    },
    profile(parameter, get, set, name) {
      const pick = button(get() ? "another picture…" : "choose a picture…", name, () => {
        filePicker.onchange = async () => {
          const file = filePicker.files[0];
          filePicker.value = "";
          if (!file) return;
          const reply = await backend.profile({ image: await base64(file) });
          if (!reply.profile) return toast(reply.error, { alert: true });
          set(reply.profile);
          pick.textContent = file.name;
        };
        filePicker.click();
      });
      return [pick];
    },
  };

  function parameterRow(use, parameter, stepTitle) {
    const get = () => use.parameters[parameter.name] ?? parameter.default;
    const set = (value, event) => {
      use.parameters = { ...use.parameters, [parameter.name]: value };
      changed(event);
    };
    const name = make("span", { className: "parameter-name", textContent: parameter.title, title: parameter.title });
    if (parameter.unit) name.append(make("span", { className: "unit", textContent: ` ${parameter.unit}` }));
    const row = make("div", { className: `parameter ${parameter.kind}` }, name);
    row.append(...inputs[parameter.kind](parameter, get, set, `${stepTitle}: ${parameter.title}`));
    return row;
  }

  function whereRow(use, step) {
    const where = make("select", {}, ...step.where.map((value) => make("option", { value, textContent: PLACES[value] ?? value })));
    where.value = use.where;
    where.setAttribute("aria-label", `${step.title}: where`);
    where.addEventListener("change", () => {
      use.where = where.value;
      changed();
    });
    return make("div", { className: "parameter choice" }, make("span", { className: "parameter-name", textContent: "Where" }), where);
  }

  // ---------------------------------------------------------------- one step

  function stepItem(use, i) {
    const step = byName[use.name];
    const item = make("li", { className: use.on ? "step" : "step off", tabIndex: -1 });
    const onOff = make("input", { type: "checkbox", checked: use.on, className: "switch" });
    onOff.setAttribute("aria-label", `${step.title}: on`);
    onOff.addEventListener("change", () => {
      use.on = onOff.checked;
      item.classList.toggle("off", !use.on);
      changed();
    });
    const title = make("button", { type: "button", className: "step-title", title: step.summary }, step.title);
    const close = (closed) => {
      item.classList.toggle("closed", closed);
      title.setAttribute("aria-expanded", String(!closed));
    };
    close(closed.has(use));
    title.addEventListener("click", () => {
      const isClosed = !item.classList.contains("closed");
      closed[isClosed ? "add" : "delete"](use);
      close(isClosed);
    });
    if (step.term && step.term.toLowerCase() !== step.title.toLowerCase())
      title.append(make("span", { className: "term", textContent: ` · ${step.term}` }));
    const up = button("↑", `Move ${step.title} earlier (Alt+↑)`, () => move(i, -1, 1));
    const down = button("↓", `Move ${step.title} later (Alt+↓)`, () => move(i, 1, 2));
    up.disabled = i === 0;
    down.disabled = i === steps.length - 1;
    const remove = button("×", `Remove ${step.title}`, () => {
      steps.splice(i, 1);
      redraw();
      changed();
      (list.children[Math.min(i, steps.length - 1)]?.querySelector(".switch") ?? adder).focus();
    });
    const grip = make("span", { className: "grip", textContent: "⠿", title: `Drag ${step.title} to another place` });
    grip.setAttribute("aria-hidden", "true"); // by keyboard and by ear there are the arrows
    item.append(make("div", { className: "step-head" }, grip, onOff, title, up, down, remove));
    const body = make("div", { className: "step-body" });
    body.append(...step.parameters.map((parameter) => parameterRow(use, parameter, step.title)));
    if (step.where.length > 1) body.append(whereRow(use, step));
    item.append(body);
    item.addEventListener("keydown", (event) => {
      const by = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : 0;
      if (!by) return;
      event.preventDefault();
      move(i, by);
    });
    return item;
  }

  /** `at`: which of the step's switch (0) and arrows (1, 2) was used, and keeps the focus. */
  function move(i, by, at = 0) {
    const to = i + by;
    if (to < 0 || to >= steps.length) return;
    steps.splice(to, 0, ...steps.splice(i, 1));
    redraw();
    changed();
    const controls = list.children[to].querySelectorAll(".step-head > button:not(.step-title), .switch");
    (controls[at].disabled ? controls[3 - at] : controls[at]).focus(); // at the list's end the other arrow
  }

  dragByGrip(list, (from, to) => move(from, to - from));

  /** Steps that are open though they do not fit close, but for the one that is `kept` open: every step keeps its name in view. */
  function closeWhatDoesNotFit(kept) {
    const box = list.closest(".fold-body");
    for (const use of steps) {
      if (!box || box.scrollHeight <= box.clientHeight + 1) return;
      if (use === kept || closed.has(use)) continue;
      closed.add(use);
      const item = list.children[steps.indexOf(use)];
      item.classList.add("closed");
      item.querySelector(".step-title").setAttribute("aria-expanded", "false");
    }
  }

  function redraw() {
    list.replaceChildren(...steps.map(stepItem));
    find(".none").hidden = steps.length > 0;
    adder.disabled = steps.length >= maxSteps;
    adder.options[0].textContent = adder.disabled ? `${maxSteps} steps are the most: remove one to add another` : "+ Add a step…";
  }

  // ---------------------------------------------------------------- adding

  const groups = {};
  for (const step of schema) {
    groups[step.group] ??= adder.appendChild(make("optgroup", { label: step.group[0].toUpperCase() + step.group.slice(1) }));
    groups[step.group].append(make("option", { value: step.name, textContent: step.title, title: step.summary }));
  }
  adder.addEventListener("change", () => {
    const step = byName[adder.value];
    adder.value = "";
    if (!step) return;
    const parameters = Object.fromEntries(step.parameters.map(({ name, default: value }) => [name, value]));
    steps.push({ name: step.name, on: true, where: step.where[0], parameters });
    redraw();
    closeWhatDoesNotFit(steps.at(-1));
    changed();
    list.lastChild.querySelector(".step-body input, .step-body select, .switch").focus();
    list.lastChild.scrollIntoView({ block: "nearest" });
  });

  const take = () => {
    const value = Array.isArray(props.value) ? props.value : [];
    if (JSON.stringify(value) === JSON.stringify(steps)) return;
    steps = structuredClone(JSON.parse(JSON.stringify(value)));
    redraw();
    requestAnimationFrame(() => closeWhatDoesNotFit(steps.at(-1)));
  };
  watch("value", take); // a link, a dropped picture, undo
  take();
  redraw();
}
