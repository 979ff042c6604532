// Small things that every part does to the page.

/** Set an element's text if it differs: setting the same text again costs a layout all the same. */
export function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}

/** An element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

/** One sentence at the foot of the page. `alert` for what went wrong, so that a screen reader says it at once; `offer`:
 * {says, run}, a button that stays until it is used or the sentence is put away, or for `seconds`. */
export function toast(sentence, { alert = false, offer = null, seconds = offer ? Infinity : alert ? 8 : 3.5 } = {}) {
  let shelf = document.getElementById("atelier-toasts");
  if (!shelf) {
    shelf = make("div", { id: "atelier-toasts" });
    document.body.append(shelf);
  }
  const same = [...shelf.children].find((note) => note.firstChild.textContent === sentence);
  same?.remove();
  while (shelf.children.length > 1) shelf.firstChild.remove(); // two at most: the picture is behind them
  const note = make("p", { className: alert ? "toast alert" : "toast", textContent: sentence });
  note.setAttribute("role", alert ? "alert" : "status");
  note.addEventListener("click", () => note.remove());
  if (offer) note.append(" ", make("button", { type: "button", textContent: offer.says, onclick: offer.run }));
  shelf.append(note);
  if (seconds < Infinity) setTimeout(() => note.remove(), 1000 * seconds);
}

/** A file's bytes as base64, which is how server functions take them. */
export const base64 = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });

/** Go to a page whose address is relative to the models' pages; an opened model's page lies two levels below them. */
export const goTo = (address) => location.assign(new URL(address, location.href.replace(/yours\/[^/]*\/?(\?.*)?$/, "")));
