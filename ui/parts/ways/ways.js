// Directions with their strips of thumbnails. What is found stays until the browser's tab is closed; what is worth keeping is
// exported as a file.
import { Job, openOnPlate, plateValues, worked } from "../../assets/bench.js";
import { make, text, toast } from "../../assets/dom.js";
import { save as saveAs } from "../../assets/leaving.js";
import { part } from "../../assets/page.js";
import { remember, remembered } from "../../assets/session.js";

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const list = find(".strips");
  const picker = find("input[type=file]");
  const job = new Job(backend.progress, find(".bar"));
  const rows = []; // {way, node, given: whether it came without being asked for}
  const place = `directions ${location.pathname}`;
  let values = null;
  find(".measure").append(...Object.entries(settings.measures).map(([value, textContent]) => make("option", { value, textContent })));

  const field = (label, properties, onchange) => {
    const input = make("input", properties);
    input.setAttribute("aria-label", label);
    input.addEventListener("change", () => onchange(input));
    return input;
  };
  const button = (textContent, title, run) => {
    const made = make("button", { type: "button", className: "bench-button", textContent, title });
    made.addEventListener("click", run);
    return made;
  };

  function row(way) {
    const entry = { way };
    const strip = make("ol", { className: "strip" });
    const note = make("span", { className: "note" });
    const last = settings.layers - 1;
    const change = (changes) => {
      entry.way = { ...entry.way, ...changes };
      keepInMind();
      paint(entry);
    };
    const name = field("Name", { type: "text", value: way.name, maxLength: 60 }, ({ value }) => ((entry.way = { ...entry.way, name: value }), keepInMind()));
    const first = field("From layer", { type: "number", min: 0, max: last, value: way.first }, ({ value }) => change({ first: Number(value) }));
    const until = field("To layer", { type: "number", min: 0, max: last, value: way.last ?? last }, ({ value }) => change({ last: Number(value) }));
    const says = [way.kind, way.explained !== null && `R² ${way.explained.toFixed(2)}`].filter(Boolean).join(" · ");
    const tools = make("div", { className: "bench-tools" },
      name, make("span", { className: "note", textContent: says }), make("label", { textContent: "layers " }, first, until),
      ...(settings.critic ? [button("Stops", "Where the critic leaves its range", () => stops(entry, note))] : []),
      button("Straighten", "Without what the directions above have of it", () => straighten(entry)),
      button("Export", "As a file", () => save(entry.way)),
      button("×", "Remove", () => remove(entry)), note);
    entry.node = make("li", {}, tools, strip);
    entry.strip = strip;
    return entry;
  }

  function remove(entry) {
    const at = rows.indexOf(entry);
    rows.splice(at, 1);
    entry.node.remove();
    keepInMind();
    const run = () => {
      const before = Math.min(at, rows.length);
      list.insertBefore(entry.node, rows[before]?.node ?? null);
      rows.splice(before, 0, entry);
      keepInMind();
      paint(entry); // the plate may have changed meanwhile
    };
    toast(`Removed: ${entry.way.name}.`, { seconds: 12, offer: { says: "Undo", run } });
  }

  async function paint(entry) {
    const answer = await backend.pictures({ values, way: entry.way });
    if (!worked(answer)) return;
    const middle = (answer.pictures.length - 1) / 2;
    entry.strip.replaceChildren(
      ...answer.pictures.map(({ recipe, picture, caption }, i) => {
        const sigma = (3 * (i - middle)) / middle;
        const shown = make("button", { type: "button", className: "picture", title: caption }, make("img", { src: picture, alt: `${sigma} σ` }));
        shown.addEventListener("click", () => openOnPlate(recipe));
        return make("li", {}, shown, make("span", { className: "seed", textContent: `${sigma > 0 ? "+" : sigma < 0 ? "−" : ""}${Math.abs(sigma)} σ` }));
      }),
    );
    entry.strip.scrollLeft = (entry.strip.scrollWidth - entry.strip.clientWidth) / 2; // where it is wider than the page
    mark(entry);
  }

  function mark({ strip, limits }) {
    if (!limits) return;
    [...strip.children].forEach((item, i, all) => {
      const sigma = (3 * (i - (all.length - 1) / 2)) / ((all.length - 1) / 2);
      item.classList.toggle("beyond", (limits.low !== null && sigma < limits.low) || (limits.high !== null && sigma > limits.high));
    });
  }

  async function stops(entry, note) {
    const answer = await job.run((job) => backend.stops({ values, way: entry.way, job }));
    if (!worked(answer)) return;
    entry.limits = answer;
    const end = (value, none) => (value === null ? none : `${value.toFixed(1).replace("-", "−")} σ`);
    note.textContent = `like ${answer.among} pictures from ${end(answer.low, "under −4 σ")} to ${end(answer.high, "over 4 σ")}`;
    mark(entry);
  }

  async function straighten(entry) {
    const others = rows.slice(0, rows.indexOf(entry)).map(({ way }) => way);
    if (!others.length) return toast("There is no direction above this one.");
    const answer = await backend.straighten({ way: entry.way, others });
    if (!worked(answer)) return;
    entry.way = answer.way;
    keepInMind();
    paint(entry);
  }

  const keepInMind = () => remember(place, JSON.stringify(rows.filter(({ given }) => !given).map(({ way }) => way)));

  /** What was found before the page was loaded again. */
  async function foundBefore() {
    const texts = JSON.parse(remembered(place) ?? "[]").map((way) => JSON.stringify(way));
    for (const text of texts.reverse()) await show(await backend.find({ kind: "file", text }));
  }

  function save(way) {
    const address = URL.createObjectURL(new Blob([JSON.stringify(way)], { type: "application/json" }));
    saveAs(address, `${way.model}-${way.name.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`);
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  async function show(answer, given = false) {
    if (!worked(answer)) return;
    for (const way of answer.ways.reverse()) {
      const entry = Object.assign(row(way), { given });
      rows.unshift(entry);
      list.prepend(entry.node);
    }
    if (!given) keepInMind();
    for (const entry of rows.slice(0, answer.ways.length)) await paint(entry);
  }

  const anew = async () => (values = (await plateValues()) ?? values);
  action("closed", { run: async () => (await anew(), show(await backend.find({ kind: "closed form" }))) });
  action("measure", { run: async () => (await anew(), show(await job.run((job) => backend.find({ kind: find(".measure").value, values, job })))) });
  let these = []; // favourites that a direction is to lead from, once they were named
  action("groups", {
    async run() {
      const picked = (await part("tray")).picked();
      const others = picked.filter(({ id }) => !these.some((each) => each.id === id)); // the first may be ticked still
      if (!these.length && !picked.length) return toast("Choose the favourites that it is to lead from (f), then press this again.");
      if (these.length && !others.length) return toast("Choose other favourites (f): those that it is to lead to.");
      if (!these.length) {
        these = picked;
        text(find("[data-action=groups]"), `From these ${these.length} to those …`);
        return toast("Now choose those that it is to lead to (f), and press this again.");
      }
      const groups = { these: these.map(({ recipe }) => recipe), those: others.map(({ recipe }) => recipe) };
      these = [];
      text(find("[data-action=groups]"), "From these to those");
      await anew();
      show(await backend.find({ kind: "groups", ...groups }));
    },
  });
  action("import", { run: () => picker.click() });
  picker.addEventListener("change", async () => {
    if (picker.files[0]) await show(await backend.find({ kind: "file", text: await picker.files[0].text() }));
    picker.value = "";
  });

  new IntersectionObserver(async ([{ isIntersecting }]) => {
    const now = isIntersecting && (await plateValues());
    if (!now || JSON.stringify(now) === JSON.stringify(values)) return;
    values = now;
    if (!rows.length) {
      await show(await backend.find({ kind: settings.own.length ? "own" : "closed form" }), true);
      return foundBefore();
    }
    for (const entry of rows) await paint(entry);
  }).observe(element);

  return { ways: () => rows.map(({ way }) => way) };
}
