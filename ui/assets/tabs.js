// A page that is loaded again shows the tab that was looked at; a link leads to the first.
import { remember, remembered } from "./session.js";

const place = () => `tab ${location.pathname}`;
const tabs = () => [...document.querySelectorAll("#tabs [role=tab]")];

document.addEventListener("click", ({ target }) => {
  const tab = target.closest?.("#tabs [role=tab]");
  if (tab) remember(place(), tab.textContent.trim());
});

const wanted = performance.getEntriesByType("navigation")[0]?.type === "reload" && remembered(place());
if (wanted) {
  const open = () => {
    const tab = tabs().find((each) => each.textContent.trim() === wanted);
    if (!tab) return false;
    if (tab.getAttribute("aria-selected") !== "true") tab.click();
    return true;
  };
  const watch = new MutationObserver(() => open() && watch.disconnect());
  if (!open()) watch.observe(document.documentElement, { childList: true, subtree: true });
  setTimeout(() => watch.disconnect(), 20_000); // whatever comes later is not the page's beginning
}
