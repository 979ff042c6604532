// The contact sheet: it fetches the next seeds as it is scrolled, and sorts what it has.
import { Job, keep, openOnPlate, plateValues, saveFile, worked } from "../../assets/bench.js";
import { make, text } from "../../assets/dom.js";
import { NAMES, arranged, goesOn, withoutDuplicates } from "./order.js";

const FIRST = 72; // pictures before one scrolls

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const list = find(".pictures");
  const by = find(".by");
  const from = find(".from");
  const job = new Job(backend.progress, find(".bar"));
  let values = null; // of the plate when the sheet began
  let entries = [];
  let chosen = []; // the newest last
  let fetching = 0; // the number of the sheet that is being fetched, 0 for none
  let number = 0;

  by.append(...settings.orders.map((name) => make("option", { value: name, textContent: NAMES[name] })));

  const seed = () => Math.max(Math.trunc(Number(from.value) || 0), 0);

  /** Begin anew with what is on the plate now. */
  async function begin() {
    const now = await plateValues();
    if (!now) return;
    values = now;
    entries = [];
    chosen = [];
    show();
    await fetchUpTo(FIRST);
  }

  /** `count` pictures, and more for as long as their end is in sight: an observer tells only of changes. */
  async function fetchUpTo(count) {
    const mine = ++number;
    fetching = mine;
    tell();
    for (let fresh = true; number === mine && element.isConnected; ) {
      if (entries.length >= count && endInSight) count = goesOn(entries.length, settings.batch, fresh);
      if (entries.length >= Math.min(count, settings.most)) break;
      const answer = await backend.pictures({ values, first: seed() + entries.length, count: settings.batch });
      if (number !== mine) return;
      if (answer.busy) await new Promise((resolve) => setTimeout(resolve, answer.busy));
      else if (!worked(answer)) break;
      else {
        const before = seen;
        entries.push(...answer.entries.map(entry));
        show();
        fresh = seen > before;
        if (by.value === "critic") await read(mine);
      }
    }
    if (number !== mine) return;
    fetching = 0;
    tell();
    await read(mine);
  }

  /** What the critic says of those that it has not read: when the pictures are there, since it would hold them up. */
  async function read(mine) {
    const unread = () => entries.filter((each) => each.critic === undefined);
    while (settings.orders.includes("critic") && number === mine && unread().length && element.isConnected) {
      const some = unread().slice(0, settings.batch);
      const answer = await backend.readings({ recipes: some.map(({ recipe }) => recipe) });
      if (number !== mine) return;
      if (answer.busy) await new Promise((resolve) => setTimeout(resolve, answer.busy));
      else if (!worked(answer)) return;
      else {
        some.forEach((each, i) => named(Object.assign(each, { critic: null, ...answer.readings[i] })));
        if (by.value === "critic") show();
      }
    }
  }

  function named({ recipe, words, node }) {
    const said = [`seed ${recipe.seed}`, words].filter(Boolean).join(" · ");
    node.firstChild.title = node.querySelector("img").alt = said;
  }

  function entry(given) {
    const bytes = Uint8Array.from(atob(given.squares), (letter) => letter.charCodeAt(0));
    const made = { ...given, critic: undefined, squares: new Int8Array(bytes.buffer) };
    const picture = make("button", { type: "button", className: "picture" }, make("img", { src: given.picture }));
    picture.addEventListener("click", () => choose(made));
    picture.addEventListener("dblclick", () => openOnPlate(made.recipe));
    made.node = make("li", {}, picture, make("span", { className: "seed", textContent: given.recipe.seed }));
    named(made);
    return made;
  }

  function choose(entry) {
    if (chosen.includes(entry)) chosen = chosen.filter((each) => each !== entry);
    else chosen.push(entry);
    if (by.value === "likeness") show();
    else tell();
  }

  function show() {
    const sorted = arranged(entries, by.value, chosen.at(-1));
    const seen = find(".hide").checked ? withoutDuplicates(sorted, settings.alike, chosen) : sorted;
    list.replaceChildren(...seen.map(({ node }) => node));
    tell(seen.length);
  }

  let seen = 0;
  function tell(count = seen) {
    seen = count;
    for (const entry of entries) {
      const on = chosen.includes(entry);
      entry.node.classList.toggle("chosen", on);
      entry.node.firstChild.setAttribute("aria-pressed", String(on));
    }
    const hidden = entries.length - seen;
    const parts = [
      `${seen} pictures`,
      hidden > 0 && `${hidden} near-duplicates hidden`,
      chosen.length && `${chosen.length} chosen`,
      by.value === "likeness" && !chosen.length && "click the picture that the others are to be like",
    ];
    text(find(".status"), entries.length ? parts.filter(Boolean).join(" · ") : fetching ? "Painting …" : "");
    for (const name of ["keep-chosen", "open-chosen"]) find(`[data-action=${name}]`).disabled = !chosen.length;
    find("[data-action=more]").hidden = entries.length >= settings.most || !entries.length;
  }

  let endInSight = false;
  const more = () => values && entries.length && fetchUpTo(entries.length + 2 * settings.batch);
  /** What is chosen, else all that is shown, in its order. */
  function wanted() {
    const shown = [...list.children].map((node) => entries.find((entry) => entry.node === node));
    const some = chosen.length ? shown.filter((entry) => chosen.includes(entry)) : shown;
    return some.slice(0, settings.printed).map(({ recipe }) => recipe);
  }

  async function save(kind) {
    const recipes = wanted();
    if (!recipes.length) return;
    const page = navigator.language?.endsWith("US") ? "Letter" : "A4";
    const answer = await job.run((job) => backend.files({ recipes, kind, page, job }));
    if (worked(answer)) saveFile(answer);
  }

  by.addEventListener("change", () => {
    show();
    if (!fetching) fetchUpTo(entries.length); // what the critic has not read yet
  });
  find(".hide").addEventListener("change", show);
  from.addEventListener("change", begin);
  for (const kind of ["png", "pdf", "zip"]) action(`save-${kind}`, { run: () => save(kind) });
  action("more", { run: more });
  action("open-chosen", { run: () => openOnPlate(chosen.at(-1).recipe) });
  action("keep-chosen", { run: () => keep(chosen.map(({ recipe, picture, caption }) => ({ recipe, picture, caption }))) });

  // It begins when it is first seen, anew if the plate has changed, and goes on where its end is seen.
  new IntersectionObserver(
    ([{ isIntersecting }]) => {
      endInSight = isIntersecting;
      if (endInSight && !fetching) more();
    },
    { rootMargin: "600px" },
  ).observe(find(".more"));
  new IntersectionObserver(async ([{ isIntersecting }]) => {
    if (!isIntersecting) return number++; // nobody looks: what is on its way is the last
    const now = await plateValues();
    if (!now) return;
    if (values && JSON.stringify(now) === JSON.stringify(values)) return fetchUpTo(Math.max(entries.length, FIRST));
    from.value = now[settings.seed_at ?? 1];
    begin();
  }).observe(element);
}
