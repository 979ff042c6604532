// What leaves the page: texts that are copied, files that are saved. A site around the page may forbid both without a word.
import { toast } from "./dom.js";

/** Whether the page stands in a frame of another site. */
export function isFramed() {
  try {
    return window.top !== window && !window.top.location.href;
  } catch {
    return true; // who stands inside another site's page may not even ask where it is
  }
}

/** Copy a text; whether that worked. */
export async function copied(value) {
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

/** Save what lies at an address under a name, and say so: nobody tells a page whether the file has arrived. */
export function save(address, name, more = "") {
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  if (isFramed()) toast(`If no ${name} arrives, the site around this page forbids downloads: open the page by itself.`, { alert: true });
  else toast(`Saved ${name}${more}.`);
}
