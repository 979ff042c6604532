// What comes in and goes out by hand: files dropped or chosen, files saved, links copied.
import { toast } from "../../assets/dom.js";

/** Copy a text; whether that worked. */
async function copied(value) {
  try {
    await navigator.clipboard.writeText(value);
    return true;
  } catch {
    // No clipboard without https or a permission: the old way, from a text field that is there for a moment.
    const field = document.createElement("textarea");
    field.value = value;
    field.className = "off-screen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** Whether the page stands in a frame of another site, which may forbid downloads and the clipboard without a word. */
function isFramed() {
  try {
    return window.top !== window && !window.top.location.href;
  } catch {
    return true; // who stands inside another site's page may not even ask where it is
  }
}

/** `link`: null where none can hold the picture, for the reason `why`. */
export async function copyLink(link, why) {
  if (!link) return toast(why, { alert: true });
  if (await copied(link)) toast("Link copied: it holds the whole recipe.");
  else if (isFramed()) toast("The site around this page does not let it copy: open the page by itself.", { alert: true });
  else window.prompt("The link to this picture:", link);
}

/** `answer`: {png: base64, name}, or {error}. `size`: how large it is, in words. */
export function download(answer, size) {
  if (answer.error) return toast(answer.error, { alert: true });
  const anchor = document.createElement("a");
  anchor.href = `data:image/png;base64,${answer.png}`;
  anchor.download = answer.name;
  anchor.click();
  if (isFramed())
    toast(`If no ${answer.name} arrives, the site around this page forbids downloads: open the page by itself.`, { alert: true });
  else toast(`Saved ${answer.name}, ${size}; its recipe is inside.`);
}

/** Hear of files that are dropped anywhere on the page, or chosen by `picker`; `element` has the class "dropping" meanwhile. */
export function receiveFiles(element, picker, receive) {
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => hasFiles(event) && (depth++, element.classList.add("dropping")));
  document.addEventListener("dragleave", (event) => hasFiles(event) && --depth <= 0 && element.classList.remove("dropping"));
  document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    depth = 0;
    element.classList.remove("dropping");
    if (!hasFiles(event) || event.target.closest("[data-takes-files]")) return;
    event.preventDefault(); // a file dropped beside the plate must not replace the page
    receive(event.dataTransfer.files[0]);
  });
  picker.addEventListener("change", () => {
    if (picker.files[0]) receive(picker.files[0]);
    picker.value = "";
  });
}
