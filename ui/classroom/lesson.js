// What every lesson's page has: its head, chapters, what was seen, what to try, words explained, worksheet, presenter's mode,
// language, and a link that holds all that is shown.
import { make, text, toast } from "../assets/dom.js";
import { keysSay } from "../assets/page.js";

const SHOWN_MS = 250; // between two sentences of what was seen, while they change all the time
const SAID_MS = 700; // how long one has to stand until it is read aloud

const query = () => new URLSearchParams(location.search);

/** The language: what the link says, else what the browser prefers, else English. */
export function language(texts) {
  const wanted = [query().get("lang"), ...(navigator.languages ?? [])].map((code) => (code ?? "").slice(0, 2));
  return wanted.find((code) => texts[code]) ?? "en";
}

/** "{count} of {all}" with its fields; "{count?step|steps}" is its first word where the field is 1, else the second. */
export const filled = (sentence, fields = {}) =>
  sentence
    .replace(/\{(\w+)\?([^|}]*)\|([^}]*)\}/g, (whole, name, one, more) => (String(fields[name]) === "1" ? one : more))
    .replace(/\{(\w+)\}/g, (whole, name) => fields[name] ?? whole)
    .replace(/(\d) %/g, "$1\u00a0%");

/** Looks up "a.b.c" in each of the places in turn; the path itself where it is nowhere, so that a hole is seen. */
function finder(places) {
  return (path, fields) => {
    for (const place of places) {
      const found = path.split(".").reduce((at, step) => at?.[step], place);
      if (typeof found === "string") return filled(found, fields);
      if (found !== undefined) return found;
    }
    return path;
  };
}

/** What stands above every page is written in English; above the classroom it speaks the classroom's language. */
function translate({ motto, keys, shortcuts, close, places, slider, help }) {
  const put = (selector, words, set = (node) => text(node, words)) => document.querySelectorAll(selector).forEach(set);
  put("#masthead .motto", motto);
  put("#masthead [data-dialog=keys-dialog]", keys);
  put("#masthead [data-dialog=keys-dialog]", shortcuts, (node) => node.setAttribute("aria-label", shortcuts));
  put("#keys-dialog-title", keys);
  put("#keys-dialog [aria-label]", close, (node) => node.closest("form") && node.setAttribute("aria-label", close));
  put("#masthead .models .room", null, (node) => text(node, places[node.textContent] ?? node.textContent));
  keysSay({ slider, help });
}

/** Texts, numbers and the link, as every page of the classroom has them. */
export function reader(settings) {
  const lang = language(settings.texts);
  const whole = settings.texts[lang];
  const own = whole.lessons[settings.name] ?? {};
  document.documentElement.lang = lang;
  translate(whole.page.masthead);
  const formats = new Map();
  return {
    lang,
    whole,
    t: finder([own, whole.page, whole]),
    n: (value, digits = 0) => {
      if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat(lang, { maximumFractionDigits: digits, signDisplay: "negative" }));
      return formats.get(digits).format(value);
    },
  };
}

/** The part of the address behind "?": read once, written when the hand rests. What is null or "" is not written. */
export const link = (() => {
  const kept = query();
  let timer = 0;
  let wrong = () => {}; // says that the link names what there is not
  const write = () => history.replaceState(history.state, "", kept.size ? `${location.pathname}?${kept}` : location.pathname);
  /** What the link names is not there: it is said, and left out of the link. */
  const refuse = (name) => (kept.delete(name), wrong());
  const number = (name, otherwise, low, high, fits = () => true) => {
    if (!kept.has(name)) return otherwise;
    const value = kept.get(name).trim() === "" ? NaN : Number(kept.get(name));
    if (value >= low && value <= high && fits(value)) return value;
    refuse(name);
    return otherwise;
  };
  return {
    get: (name, otherwise = null) => kept.get(name) ?? otherwise,
    onWrong: (run) => (wrong = run),
    refuse,
    number,
    whole: (name, otherwise, low, high) => number(name, otherwise, low, high, Number.isInteger),
    /** One of the options, which are texts. */
    one: (name, options, otherwise) => {
      if (!kept.has(name) || options.includes(kept.get(name))) return kept.get(name) ?? otherwise;
      refuse(name);
      return otherwise;
    },
    /** Whole numbers, "3~1~4", each of `low` … `most` - 1, at most `length` of them; none where there is none, or one is wrong. */
    numbers: (name, most, length, low = 0) => {
      const found = (kept.get(name) ?? "").split("~").filter(Boolean).map(Number);
      if (found.length <= length && found.every((value) => Number.isInteger(value) && value >= low && value < most)) return found;
      refuse(name);
      return [];
    },
    set: (values) => {
      for (const [name, value] of Object.entries(values)) value === null || value === "" ? kept.delete(name) : kept.set(name, value);
      clearTimeout(timer);
      timer = setTimeout(write, 200);
    },
    flush: () => (clearTimeout(timer), write()),
    to: (path, values = {}) => {
      const lang = kept.get("lang");
      const there = new URLSearchParams({ ...(lang && { lang }), ...values });
      return there.size ? `${path}?${there}` : path;
    },
  };
})();

/** The link as one chapter has it. Chapters share names in it: `again` writes what this one has read or written, for when it is
 * looked at again, and `forget` takes out what only it knows of, for when another one is: a link holds what is shown. */
function ownLink() {
  const mine = new Map();
  const reading = (read) => (name, ...more) => {
    const found = read(name, ...more);
    mine.set(name, link.get(name));
    return found;
  };
  return {
    ...Object.fromEntries(["get", "one", "number", "whole", "numbers"].map((name) => [name, reading(link[name])])),
    refuse: (name) => (mine.set(name, null), link.refuse(name)),
    set: (values) => {
      for (const [name, value] of Object.entries(values)) mine.set(name, value);
      link.set(values);
    },
    to: link.to,
    again: () => link.set(Object.fromEntries(mine)),
    names: () => [...mine.keys()],
    forget: (kept) => link.set(Object.fromEntries([...mine.keys()].filter((name) => !kept.includes(name)).map((name) => [name, null]))),
  };
}

/**
 * A lesson. `chapters`: {name: build}, in their order; each is built when it is first shown, with
 *   stage        where it draws
 *   t, n, lang   texts of the chapter (then of the lesson, then of the page), numbers, the language
 *   link         the address
 *   seen(text)   the sentence of what was seen: shown at once, read aloud by a screen reader when it settles
 *   ask(name, request)  the server; null where it refused, which has been said already
 *   settings     from Python
 * and may return {hide, show}, called when another chapter is looked at, and {keys: {keys, says}} that it hears by itself.
 */
export function lesson({ element, settings, backend, action }, chapters) {
  const read = reader(settings);
  const { t, whole, lang } = read;
  const page = whole.page;
  const root = element.querySelector(".lesson");
  const fits = !settings.models || Object.keys(settings.models).length > 0;
  const names = fits ? Object.keys(chapters) : [];
  const order = settings.order ?? [settings.name];
  let told = false;
  link.onWrong(() => told || ((told = true), toast(page.link_wrong, { alert: true }))); // once is enough
  const place = order.indexOf(settings.name);

  // ---------------------------------------------------------------- head
  const button = (label, run, more = {}) => {
    const node = make("button", { type: "button", textContent: label, ...more });
    node.addEventListener("click", run);
    return node;
  };
  const languages = make("select", { ariaLabel: page.language });
  languages.setAttribute("aria-label", page.language);
  for (const [code, texts] of Object.entries(settings.texts))
    languages.append(make("option", { value: code, textContent: texts.language, selected: code === lang }));
  languages.addEventListener("change", () => {
    link.set({ lang: languages.value });
    link.flush();
    location.reload();
  });
  const present = (on = !document.documentElement.classList.contains("presenting")) => {
    document.documentElement.classList.toggle("presenting", on);
    text(presenter, on ? page.stop_presenting : page.present);
    presenter.title = on ? "Esc" : "f";
    link.set({ present: on ? "1" : null });
    window.dispatchEvent(new Event("resize"));
  };
  const presenter = button(page.present, () => present(), { title: "f" });
  const copy = async () => {
    link.set({ lang }); // whoever opens it reads what is read here
    link.flush();
    try {
      await navigator.clipboard.writeText(location.href);
      toast(page.copied);
    } catch {
      toast(location.href);
    }
  };
  const print = () => {
    let begun = false; // a site around the page may forbid it, without a word
    window.addEventListener("beforeprint", () => (begun = true), { once: true });
    window.print();
    if (!begun) toast(page.not_printed, { alert: true });
  };
  const head = make(
    "header",
    { className: "lesson-head" },
    make(
      "p",
      { className: "crumbs" },
      make("a", { href: link.to("."), textContent: page.classroom }),
      ` · ${t("lesson_of", { number: place + 1, count: order.length })}`,
    ),
    make("h2", { textContent: t("title") }),
    make(
      "div",
      { className: "lesson-tools" },
      languages,
      presenter,
      button(page.worksheet, print),
      button(page.copy, copy),
    ),
  );

  // ---------------------------------------------------------------- chapters
  const tabs = make("div", { className: "chapters" });
  tabs.setAttribute("role", "tablist");
  tabs.setAttribute("aria-label", t("title"));
  const panels = new Map();
  let shown = null;

  function panel(name) {
    const words = finder([t(`chapters.${name}`), whole.lessons[settings.name], page, whole]);
    const stage = make("div", { className: "stage" });
    const seen = make("p", { className: "seen" });
    const said = make("p", { className: "said" }); // the same to the ear: what changes all the time is not read out all the time
    said.setAttribute("role", "status");
    const tries = make("ol", {}, ...words("try").map((each) => make("li", { textContent: each })));
    const node = make(
      "section",
      { className: "chapter", id: `chapter-${name}` },
      make("p", { className: "question", textContent: words("question") }),
      stage,
      said,
      make("div", { className: "after" }, seen, make("div", { className: "try" }, make("h3", { textContent: page.try }), tries)),
    );
    node.setAttribute("role", "tabpanel");
    node.setAttribute("aria-labelledby", `tab-${name}`);
    const own = ownLink();
    let waitingSaid = 0;
    const ask = async (verb, request = {}) => {
      const reply = await backend[verb](request);
      if (reply.queue > 2 && performance.now() - waitingSaid > 15000) {
        waitingSaid = performance.now();
        toast(filled(page.waiting, { count: reply.queue }));
      }
      if (reply.busy) return null;
      if (!reply.error) return reply;
      const told = whole.errors?.[reply.key];
      toast(told ? filled(told, reply.fields) : reply.error, { alert: true });
      return null;
    };
    let [settle, soon, shownAt] = [0, 0, -SHOWN_MS];
    const api = chapters[name]({
      stage,
      lang,
      link: own,
      ask,
      settings,
      t: words,
      n: read.n,
      seen: (sentence) => {
        clearTimeout(soon);
        clearTimeout(settle);
        const show = () => ((shownAt = performance.now()), text(seen, sentence));
        soon = setTimeout(show, Math.max(0, shownAt + SHOWN_MS - performance.now()));
        settle = setTimeout(() => text(said, sentence), SAID_MS);
      },
    });
    return { node, own, api: api ?? {} };
  }

  function show(name) {
    if (name === shown) return;
    if (shown) {
      panels.get(shown).api.hide?.();
      panels.get(shown).node.hidden = true;
    }
    const left = panels.get(shown);
    shown = name;
    if (!panels.has(name)) {
      panels.set(name, panel(name));
      body.append(panels.get(name).node);
    }
    const { node, own, api } = panels.get(name);
    node.hidden = false;
    left?.own.forget(own.names());
    own.again();
    told = true; // what else the link names need not be of this chapter
    action("chapter", api.keys ?? {});
    api.show?.();
    for (const tab of tabs.children) {
      const on = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    link.set({ part: name === names[0] ? null : name });
  }

  for (const name of names) {
    const tab = button(t(`chapters.${name}.title`), () => show(name), { id: `tab-${name}` });
    tab.setAttribute("role", "tab");
    tabs.append(tab);
  }
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = names[(names.indexOf(shown) + step + names.length) % names.length];
    show(next);
    document.getElementById(`tab-${next}`).focus();
    event.preventDefault();
  });
  const body = make("div", { className: "chapter-body" });

  // ---------------------------------------------------------------- foot
  const to = (name) => link.to(name, document.documentElement.classList.contains("presenting") ? { present: "1" } : {});
  const go = (step) => order[place + step] && location.assign(to(order[place + step]));
  const turn = (step) => {
    const next = names[names.indexOf(shown) + step];
    if (next) show(next);
    else go(step);
  };
  const onward = make("nav", { className: "onward" });
  onward.setAttribute("aria-label", page.classroom);
  for (const [step, mark] of [[-1, "← "], [1, " →"]]) {
    const name = order[place + step];
    const title = name && whole.titles[name];
    const words = name && make("a", { href: link.to(name), textContent: step < 0 ? mark + title : title + mark });
    words?.addEventListener("click", () => (words.href = to(name))); // presenting goes on
    onward.append(words ?? make("span"));
  }
  if (names.length > 1) action("tabs", { keys: ["←", "→"], says: page.keys_tabs });
  action("present", { keys: ["f"], says: page.present, run: () => present() });
  action("stop-presenting", { keys: ["Escape"], says: page.stop_presenting, run: () => present(false) });
  action("next-lesson", { keys: ["n"], says: page.next, run: () => go(1) });
  action("previous-lesson", { keys: ["p"], says: page.previous, run: () => go(-1) });
  action("turn-on", { keys: ["PageDown"], says: page.turn_on, run: () => turn(1) });
  action("turn-back", { keys: ["PageUp"], says: page.turn_back, run: () => turn(-1) });

  if (!names.length) {
    const none = make("p", { className: "seen", textContent: page.no_model_here });
    return root.replaceChildren(head, none, onward);
  }
  root.replaceChildren(head, ...(names.length > 1 ? [tabs] : []), body, words(t("terms"), whole), worksheet(t, page), onward);
  if (link.get("present") === "1") present(true);
  if (link.get("print") === "1") {
    link.set({ print: null }); // a page that is loaded again does not print again
    setTimeout(() => window.print(), 300);
  }
  const first = link.get("part");
  if (first !== null && !names.includes(first)) toast(page.no_part, { alert: true });
  show(names.includes(first) ? first : names[0]);
}

/** The field's terms of a lesson, explained. */
function words(names, whole) {
  const list = make("dl", {});
  for (const name of names) {
    const entry = whole.glossary[name];
    list.append(make("dt", { textContent: entry.term, id: `term-${name}` }), make("dd", { textContent: entry.means }));
  }
  return make("details", { className: "terms" }, make("summary", { textContent: whole.page.glossary }), list);
}

/** For print: questions with room to write, and on a sheet of its own the answers. */
function worksheet(t, page) {
  const tasks = t("worksheet");
  const lines = () => make("div", { className: "room" }, make("i"), make("i"), make("i")); // to write on; printers leave backgrounds out
  const answer = (words) => make("p", { className: "answer", textContent: words });
  const list = (under) => make("ol", {}, ...tasks.map((task) => make("li", {}, make("p", { textContent: task.ask }), under(task.answer))));
  return make(
    "section",
    { className: "worksheet", ariaHidden: "true" },
    make("div", { className: "paper" },
      make("h2", { textContent: `${page.worksheet}: ${t("title")}` }),
      make("p", { className: "name", textContent: page.name_and_date }),
      make("p", { textContent: t("summary") }),
      list(lines),
      make("p", { className: "from", textContent: location.href.split("?")[0] })),
    make("div", { className: "paper" }, make("h2", { textContent: `${page.answers}: ${t("title")}` }), list(answer)),
  );
}
