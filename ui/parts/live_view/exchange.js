// What comes in and goes out by hand: files dropped or chosen, files saved, links copied.
import { toast } from "../../assets/dom.js";
import { copied, isFramed, save } from "../../assets/leaving.js";

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
  save(`data:image/png;base64,${answer.png}`, answer.name, `, ${size}; its recipe is inside`);
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
