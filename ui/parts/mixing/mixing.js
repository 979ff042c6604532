// Style mixing as a table, and breeding: what is chosen has children, generation below generation, so the way back is upwards.
import { keep, openOnPlate, plateValues, worked } from "../../assets/bench.js";
import { make, text } from "../../assets/dom.js";
import { part } from "../../assets/page.js";

const randomSeed = () => crypto.getRandomValues(new Uint32Array(1))[0];
const SEED = 1; // its place among the plate's values
const NAMES = { coarse: "coarse: pose and layout", middle: "middle: shape and parts", fine: "fine: colour and grain" };

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const group = find(".group");
  const table = find(".matrix");
  let chosen = []; // entries, the newest last
  let number = 0;
  let begun = false;
  group.append(...settings.groups.map((name) => make("option", { value: name, textContent: NAMES[name] ?? name, selected: name === "middle" })));

  function picture(entry) {
    const button = make("button", { type: "button", className: "picture", title: entry.caption }, make("img", { src: entry.picture, alt: entry.caption }));
    entry.buttons = [...(entry.buttons ?? []), button];
    button.addEventListener("click", () => choose(entry));
    button.addEventListener("dblclick", () => openOnPlate(entry.recipe));
    return button;
  }

  function choose(entry) {
    chosen = chosen.includes(entry) ? chosen.filter((each) => each !== entry) : [...chosen, entry].slice(-8);
    for (const button of element.querySelectorAll(".picture")) button.classList.remove("chosen");
    for (const each of chosen) for (const button of each.buttons ?? []) button.classList.add("chosen");
    tell();
  }

  function tell() {
    text(find(".status"), chosen.length ? `${chosen.length} chosen` : "");
    for (const name of ["breed", "keep-chosen", "open-chosen"]) find(`[data-action=${name}]`).disabled = !chosen.length;
  }

  const seeds = (field) => find(field).value.split(/[\s,;]+/).filter(Boolean).map(Number);

  async function draw() {
    const values = await plateValues();
    if (!values) return;
    const mine = ++number;
    element.classList.add("working");
    text(find(".status"), "Painting …");
    const answer = await backend.table({ values, group: group.value, rows: seeds(".rows"), columns: seeds(".columns") });
    if (mine !== number) return;
    element.classList.remove("working");
    tell();
    if (!worked(answer)) return;
    const cell = (entry, kind = "td") => make(kind, {}, picture(entry));
    table.replaceChildren(
      make("tr", {}, make("th"), ...answer.columns.map((entry) => cell(entry, "th"))),
      ...answer.cells.map((line, i) => make("tr", {}, cell(answer.rows[i], "th"), ...line.map((entry) => cell(entry)))),
    );
  }

  async function roll() {
    const some = (count) => Array.from({ length: count }, () => randomSeed() % 100000).join(", ");
    const values = await plateValues();
    find(".rows").value = [values?.[SEED] ?? some(1), some(2)].join(", "); // the picture one comes with is the first
    find(".columns").value = some(5);
    await draw();
  }

  function generation(entries, says) {
    const strip = make("ol", { className: "pictures" }, ...entries.map((entry) => make("li", {}, picture(entry))));
    const node = make("section", { className: "generation" }, make("p", { className: "seed", textContent: says }), strip);
    find(".generations").append(node);
    node.scrollIntoView({ behavior: "smooth", block: "nearest" });
  }

  let born = 0;
  async function breed() {
    const parents = chosen;
    const request = { parents: parents.map(({ recipe }) => recipe), mutation: Number(find(".mutation").value), how: find(".how").value, seed: randomSeed() };
    element.classList.add("working");
    text(find(".status"), "Painting …");
    const answer = await backend.bred(request);
    element.classList.remove("working");
    tell();
    if (!worked(answer)) return;
    generation(answer.children, `generation ${++born} · from ${parents.length === 1 ? "one parent" : `${parents.length} parents`} · mutation ${request.mutation}`);
    chosen = [];
    for (const button of element.querySelectorAll(".picture.chosen")) button.classList.replace("chosen", "parent");
    tell();
  }

  async function plate() {
    const values = await plateValues();
    if (!values) return;
    const entry = await backend.plate({ values });
    if (!worked(entry)) return;
    generation([entry], "from the plate");
    choose(entry);
  }

  /** Favourites that are chosen in the tray become parents, too. */
  async function favourites() {
    const tray = await part("tray");
    let shown = [];
    tray.onChange(({ picked }) => {
      const fresh = picked.filter((each) => !shown.includes(each.id));
      shown = picked.map(({ id }) => id);
      for (const each of fresh.filter(() => begun)) {
        const entry = { recipe: each.recipe, picture: each.picture, caption: each.name || each.caption };
        generation([entry], "from your favourites");
        choose(entry);
      }
    });
  }

  for (const field of [".group", ".rows", ".columns"]) find(field).addEventListener("change", draw);
  action("roll", { run: roll });
  action("breed", { run: breed });
  action("plate", { run: plate });
  action("open-chosen", { run: () => openOnPlate(chosen.at(-1).recipe) });
  action("keep-chosen", { run: () => keep(chosen.map(({ recipe, picture, caption }) => ({ recipe, picture, caption }))) });
  tell();

  new IntersectionObserver(async ([{ isIntersecting }]) => {
    if (!isIntersecting || begun || !(await plateValues())) return;
    begun = true;
    await roll();
    favourites();
  }).observe(element);
}
