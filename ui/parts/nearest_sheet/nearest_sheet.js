// "Have I seen this before?": the training pictures nearest to the one on the plate, in a sheet over the page.
import { part } from "../../assets/page.js";

export default function ({ element, settings, backend, action }) {
  const { note } = settings;
  const dialog = element.querySelector("dialog");
  const words = dialog.querySelector(".words");
  const list = dialog.querySelector(".nearest");
  dialog.querySelector(".note").textContent = note;
  element.closest(".gradio-container").append(dialog); // where it stands its fold may be closed

  function tile({ picture, title, detail, source }) {
    const item = document.createElement("li");
    const frame = Object.assign(document.createElement(picture ? "img" : "div"), { className: "tile" });
    if (picture) Object.assign(frame, { src: picture, alt: title });
    else frame.textContent = "not on this machine";
    const name = Object.assign(document.createElement(source ? "a" : "span"), { className: "record", textContent: title });
    if (source) Object.assign(name, { href: source, target: "_blank", rel: "noopener" });
    item.append(frame, name, Object.assign(document.createElement("span"), { className: "detail", textContent: detail }));
    return item;
  }

  let asked = 0;

  async function show() {
    const live = await part("live");
    const { values } = live.latest();
    if (!values) return;
    const number = ++asked;
    words.textContent = "Looking through the training pictures…";
    list.replaceChildren();
    dialog.showModal();
    const reply = await backend.nearest({ values });
    if (number !== asked) return;
    words.textContent = reply.error ?? (reply.busy ? "The studio is busy; try again in a moment." : reply.words);
    list.replaceChildren(...(reply.tiles ?? []).map(tile));
  }

  action("nearest", { keys: ["t"], says: "the nearest training pictures", run: show });
}
