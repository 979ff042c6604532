// The panel of endpoints is Gradio's, and its button lies in Gradio's footer, which the page hides: the masthead's presses it.
const OPENER = "footer .show-api";

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-opens=api]")) return;
  event.preventDefault();
  document.querySelector(OPENER)?.click();
});

// An address with view=api: Gradio takes the panel for open from the beginning, and so never fetches it. Closed and opened, it comes.
if (new URLSearchParams(location.search).get("view") === "api") {
  const timer = setInterval(() => {
    const opener = document.querySelector(OPENER);
    if (!opener) return;
    clearInterval(timer);
    opener.click();
    setTimeout(() => opener.click(), 200);
  }, 200);
}
