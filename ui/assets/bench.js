// What the artist's tools share: the recipe on the plate, files to save, pictures to click, work that can be stopped.
import { make, toast } from "./dom.js";
import { save } from "./leaving.js";
import { part } from "./page.js";

const PATIENT_MS = 20_000; // for the first picture, where a page begins with a tool's tab

/** The values of the plate's controls, from which a tool takes its recipe, once there is a picture; null if none comes. */
export async function plateValues() {
  const live = await part("live");
  for (const end = performance.now() + PATIENT_MS; !live.latest().values && performance.now() < end; )
    await new Promise((resolve) => setTimeout(resolve, 100));
  return live.latest().values ?? null;
}

/** Say what went wrong, if anything did; whether the answer can be used. */
export function worked(answer) {
  if (answer.error) toast(answer.error, { alert: true });
  if (answer.busy) toast("The studio is busy; try again in a moment.", { alert: true });
  return !(answer.error || answer.busy || answer.stopped);
}

/** Save a file that the server made: {file: base64, name, type}, or {address, name} of a large one. */
export function saveFile({ file, address: from, name, type }) {
  if (from) return save(new URL(from, location.href), name);
  const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  save(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A picture as a button: {picture, title}, and what a click does. */
export function pictureButton({ picture, title }, onclick) {
  const button = make("button", { type: "button", className: "picture", title }, make("img", { src: picture, alt: title, loading: "lazy" }));
  button.addEventListener("click", onclick);
  return button;
}

/** Open a recipe on the plate, and show the plate. */
export async function openOnPlate(recipe) {
  const tray = await part("tray");
  await tray.open(recipe);
}

/** Put recipes among the favourites: [{recipe, picture, name}]. */
export async function keep(entries) {
  const tray = await part("tray");
  tray.add(entries);
}

/** Work on the server that says how far it is and can be stopped: `run(begin)` shows `bar` while begin(job) lasts. */
export class Job {
  #key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  #number = 0;
  #running = 0;

  /** `ask`: what tells how far a job is, and stops it; `bar`: an element with a <progress> and a [data-stop] button. */
  constructor(ask, bar) {
    this.ask = ask;
    this.bar = bar;
    bar.hidden = true;
    bar.querySelector("[data-stop]").addEventListener("click", () => this.stop());
    window.addEventListener("pagehide", () => this.stop());
  }

  async run(begin) {
    const job = { key: this.#key, number: ++this.#number };
    this.#running = job.number;
    const bar = this.bar.querySelector("progress");
    bar.removeAttribute("value");
    this.bar.hidden = false;
    const poll = setInterval(async () => {
      const { share } = await this.ask({ job });
      if (share) bar.value = share;
    }, 300);
    try {
      return await begin(job);
    } finally {
      clearInterval(poll);
      if (this.#running === job.number) {
        this.#running = 0;
        this.bar.hidden = true;
      }
    }
  }

  stop() {
    if (this.#running) this.ask({ job: { key: this.#key, number: this.#number }, stop: true });
  }
}
