// The panel of endpoints is Gradio's, and its button lies in Gradio's footer, which the page hides: the masthead's presses it.
const OPENER = "footer .show-api";

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-opens=api]")) return;
  event.preventDefault();
  document.querySelector(OPENER)?.click();
});

// An address with view=api: Gradio means to show the panel, but fetches it only when a pointer comes near its button.
if (new URLSearchParams(location.search).get("view") === "api") {
  let tries = 40;
  const timer = setInterval(() => {
    document.querySelector(OPENER)?.dispatchEvent(new MouseEvent("mouseenter"));
    if (document.querySelector(".api-docs") || !--tries) clearInterval(timer);
  }, 500);
}
