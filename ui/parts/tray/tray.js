// The tray of favourites: kept in this browser, the same on every page; named, ordered, compared, exported and imported.
import { Job, plateValues, saveFile, worked } from "../../assets/bench.js";
import { base64, goTo, make, text, toast } from "../../assets/dom.js";
import { keyOf } from "../../assets/keys.js";
import { part } from "../../assets/page.js";
import { MOST, STORE_NAME, added, moved, plain, read, renamed, returned, short, storeOf, without, write } from "./shelf.js";

const FULL = "This browser's store is full: export your favourites, then remove some.";

const PASSING = "Kept until you leave: this browser lets the page keep nothing here. Export your favourites, or open the page by itself.";

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const tray = find(".tray");
  const shelf = find(".kept");
  const picker = find("input[type=file]");
  const dialog = find("dialog");
  const job = new Job(backend.progress, find(".bar"));
  const heard = new Set(); // who wants to hear of changes
  const { store, lasts } = storeOf(window);
  let list = read(store);
  let chosen = []; // ids, the newest last
  let gone = []; // {entry, at}: what was removed and can come back, the newest last

  // ---------------------------------------------------------------- the list

  function change(next) {
    const before = list;
    list = next;
    if (!write(store, list)) {
      list = before;
      toast(FULL, { alert: true });
      return false;
    }
    show();
    return true;
  }

  window.addEventListener("storage", (event) => {
    if (event.key !== STORE_NAME) return; // another page of ours has kept something
    list = read(store);
    show();
  });

  function add(entries) {
    const next = added(list, entries);
    const fresh = next.length - list.length;
    if (!fresh) return toast(list.length >= MOST ? `${MOST} favourites are the most.` : "This picture is kept already.");
    if (!change(next)) return;
    if (lasts) toast(fresh === 1 ? "Kept." : `${fresh} pictures kept.`);
    else toast(PASSING, { alert: true });
  }

  async function keep() {
    const values = await plateValues();
    if (!values) return;
    const entry = await backend.kept({ values });
    if (worked(entry)) add([entry]);
  }

  function remove(entry) {
    const at = list.indexOf(entry);
    if (at < 0 || !change(without(list, entry.id))) return;
    const removed = { entry, at };
    gone.push(removed);
    const next = [...shelf.querySelectorAll("[title='Remove']")][Math.min(at, list.length - 1)];
    (next ?? tray).focus({ preventScroll: true }); // the button that was pressed is no more
    toast(`Removed: ${entry.name || short(entry.caption) || "a favourite"}.`, { seconds: 12, offer: { says: "Undo", run: () => bringBack(removed) } });
  }

  function bringBack(removed = gone.at(-1)) {
    if (!gone.includes(removed)) return; // it is back already, by its key
    gone = gone.filter((each) => each !== removed);
    if (change(returned(list, removed.entry, removed.at))) toast("Taken back.");
    if (!tray.contains(document.activeElement)) tray.focus({ preventScroll: true });
  }

  async function open(recipe) {
    gone = []; // from now on undo is the picture's
    const answer = await backend.open_recipe({ recipe });
    if (!worked(answer)) return;
    if (answer.elsewhere) return goTo(answer.elsewhere);
    (await part("live")).show(answer.values);
    document.querySelector("#tabs [role=tab]")?.click(); // the plate is on the first
    window.scrollTo({ top: 0, behavior: "smooth" });
  }

  // ---------------------------------------------------------------- the shelf

  function item(entry) {
    const picture = make("button", { type: "button", className: "picture", title: entry.caption });
    picture.append(make("img", { src: entry.picture ?? "", alt: entry.name || entry.caption }));
    picture.addEventListener("click", () => open(entry.recipe));
    const name = make("input", { type: "text", value: entry.name, placeholder: short(entry.caption), maxLength: 80 });
    name.setAttribute("aria-label", "Name");
    name.addEventListener("change", () => change(renamed(list, entry.id, name.value)));
    const pick = make("input", { type: "checkbox", checked: chosen.includes(entry.id) });
    pick.setAttribute("aria-label", "Choose");
    pick.addEventListener("change", () => {
      chosen = chosen.filter((id) => id !== entry.id);
      if (pick.checked) chosen.push(entry.id);
      tell();
    });
    const small = (sign, says, run) => {
      const button = make("button", { type: "button", textContent: sign, title: says });
      button.setAttribute("aria-label", says);
      button.addEventListener("click", run);
      return button;
    };
    const tools = make(
      "span",
      { className: "item-tools" },
      pick,
      small("←", "Move left", () => change(moved(list, entry.id, -1))),
      small("→", "Move right", () => change(moved(list, entry.id, 1))),
      small("×", "Remove", () => remove(entry)),
    );
    const node = make("li", {}, picture, name, tools);
    if (!entry.picture) paint(entry, picture.firstChild);
    return node;
  }

  /** Favourites that came from a file have no thumbnail yet. */
  async function paint(entry, image) {
    const found = await backend.kept({ recipe: entry.recipe });
    if (found.error) return (image.closest("button").title = found.error);
    if (found.busy) return;
    image.src = found.picture;
    image.alt = entry.name || found.caption;
    image.closest("button").title = found.caption;
    image.closest("li").querySelector("input[type=text]").placeholder = short(found.caption);
    list = list.map((each) => (each.id === entry.id ? { ...each, picture: found.picture, caption: found.caption } : each));
    write(store, list);
  }

  function show() {
    chosen = chosen.filter((id) => list.some((each) => each.id === id));
    for (const place of document.querySelectorAll(".tray-count")) text(place, list.length ? String(list.length) : "");
    element.classList.toggle("is-empty", !list.length);
    shelf.replaceChildren(...list.map(item));
    tell();
  }

  const picked = () => chosen.map((id) => list.find((each) => each.id === id)).filter(Boolean);
  function tell() {
    for (const name of ["export", "zip"]) find(`[data-action=${name}]`).disabled = !list.length;
    find("[data-action=compare]").disabled = list.length < 2;
    for (const hear of heard) hear({ list, picked: picked() });
  }

  // ---------------------------------------------------------------- two beside each other

  async function compare() {
    const pair = picked().slice(-2);
    if (pair.length < 2) pair.splice(0, 2, ...list.slice(-2));
    if (pair.length < 2) return;
    const answers = await Promise.all(pair.map(({ recipe }) => backend.compare({ recipe })));
    if (!answers.every(worked)) return;
    dialog.querySelectorAll("figure").forEach((figure, i) => {
      figure.querySelector("img").src = answers[i].picture;
      figure.querySelector("img").alt = answers[i].caption;
      figure.querySelector("figcaption").textContent = [pair[i].name, answers[i].caption, answers[i].critic].filter(Boolean).join(" · ");
    });
    dialog.showModal();
  }

  const zoom = dialog.querySelector(".zoom");
  const view = { x: 50, y: 50 };
  const look = () => {
    for (const [name, value] of [["--zoom", zoom.value], ["--x", `${view.x}%`], ["--y", `${view.y}%`], ["--edge", `${dialog.querySelector(".edge").value}%`]])
      dialog.style.setProperty(name, value);
  };
  zoom.addEventListener("input", look);
  dialog.querySelector(".edge").addEventListener("input", look);
  dialog.querySelector(".wipe").addEventListener("change", ({ target }) => {
    dialog.classList.toggle("wiping", target.checked);
    dialog.querySelector(".edge").hidden = !target.checked;
  });
  dialog.querySelector(".pair").addEventListener("pointermove", (event) => {
    const frame = event.target.closest(".frame");
    if (!frame) return;
    const box = frame.getBoundingClientRect();
    view.x = (100 * (event.clientX - box.left)) / box.width;
    view.y = (100 * (event.clientY - box.top)) / box.height;
    look();
  });
  look();
  element.closest(".gradio-container").append(dialog); // where it stands, the tray's own styles would reach it

  // ---------------------------------------------------------------- files

  async function exportAs(kind) {
    const favourites = plain(list);
    const answer = kind === "json" ? await backend.save({ favourites, kind }) : await job.run((job) => backend.save({ favourites, kind, job }));
    if (worked(answer)) saveFile(answer);
  }

  async function load(file) {
    if (!file) return;
    const answer = await backend.load({ file: await base64(file), name: file.name });
    if (!worked(answer)) return;
    if (answer.favourites.length) add(answer.favourites);
    const [first, ...others] = answer.left_out;
    if (first) toast(others.length ? `${first} ${others.length} more were left out.` : first, { alert: true });
  }

  picker.addEventListener("change", async () => {
    await load(picker.files[0]);
    picker.value = "";
  });

  const openers = () => [...document.querySelectorAll("[data-action='tray.toggle']")];
  function toggle() {
    tray.hidden = !tray.hidden;
    for (const button of openers()) button.setAttribute("aria-expanded", String(!tray.hidden));
    if (tray.hidden) openers()[0]?.focus({ preventScroll: true });
    else tray.focus({ preventScroll: true });
  }
  tray.addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggle();
    else if (gone.length && !event.target.matches("input[type=text]") && ["u", "z"].includes(keyOf(event))) bringBack();
    else return;
    event.preventDefault();
    event.stopPropagation(); // else undo would be the picture's, and Escape would stop one that takes seconds
  });
  // The page ends above the tray: what is at its foot can be scrolled to.
  new ResizeObserver(() => document.documentElement.style.setProperty("--tray", `${tray.offsetHeight}px`)).observe(tray);
  action("toggle", { keys: ["f"], says: "show or hide the favourites", run: toggle });
  action("take-back", { keys: ["u", "z"], says: "in the favourites: bring back what was removed" });
  action("keep", { keys: ["k"], says: "keep the picture among the favourites", run: keep });
  action("compare", { keys: ["x"], says: "compare two favourites", run: compare });
  action("export", { run: () => exportAs("json") });
  action("zip", { run: () => exportAs("zip") });
  action("import", { run: () => picker.click() });
  if (!lasts) text(find(".empty .where"), "What you keep lasts until you leave: this browser lets the page keep nothing here.");
  show();

  /** `onChange(hear)`: hear({list, picked}) now and at every change. */
  const onChange = (hear) => (heard.add(hear), hear({ list, picked: picked() }));
  return { add, open, onChange, favourites: () => list, picked };
}
