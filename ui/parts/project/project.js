// Your own picture: chosen, placed under a square, and looked for in slices; each answer is drawn, and carries how far it is.
import { keep, openOnPlate, plateValues, worked } from "../../assets/bench.js";
import { base64, text, toast } from "../../assets/dom.js";

export default function ({ element, settings, backend, action }) {
  const find = (selector) => element.querySelector(selector);
  const picker = find("input[type=file]");
  const source = find(".source img");
  const size = find(".size");
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let number = 0;
  let upload = null; // {picture: base64, width, height}
  let place = { x: 0.5, y: 0.5, size: 1 };
  let search = null; // the newest answer of a search: {recipe, picture, state, done, words}
  let kind = null; // what the picture is taken for, {name, title}
  let guessing = 0; // the number of the first guess that is waited for
  let searching = 0; // the number of the search that goes on

  text(find(".best"), `Best is one like the model’s own: ${settings.subject ? `${settings.subject}, ` : ""}placed as they are on Explore; of others a likeness is found.`);
  size.min = settings.sizes[0];
  find(".editability").value = settings.editability;
  find(".steps").value = settings.steps;

  // ---------------------------------------------------------------- choosing and placing

  async function take(file) {
    if (!file) return;
    if (file.size > settings.most_bytes) return toast(`“${file.name}” is larger than ${settings.most_bytes >> 20} MB.`, { alert: true });
    stop();
    const answer = await backend.take({ file: await base64(file), name: file.name });
    if (!worked(answer)) return;
    upload = answer;
    place = { x: 0.5, y: 0.5, size: 1 };
    size.max = Math.min(settings.sizes[1], (Math.max(answer.width, answer.height) / Math.min(answer.width, answer.height)) * 1.25);
    size.value = 1;
    source.src = `data:image/png;base64,${answer.picture}`;
    text(find(".file-name"), [file.name, ...answer.done].join(" · "));
    find(".search").hidden = find(".stage").hidden = false;
    element.classList.add("has-picture");
    search = kind = null;
    draw();
    mark();
    guess();
  }

  function mark() {
    const side = place.size * Math.min(upload.width, upload.height);
    const square = find(".square").style;
    square.left = `${((place.x * upload.width - side / 2) / upload.width) * 100}%`;
    square.top = `${((place.y * upload.height - side / 2) / upload.height) * 100}%`;
    square.width = `${(side / upload.width) * 100}%`;
    square.height = `${(side / upload.height) * 100}%`;
  }

  let drag = null;
  const box = find(".source");
  box.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, from: place };
    box.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  box.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const { width, height } = source.getBoundingClientRect();
    const within = (value) => Math.min(Math.max(value, 0), 1);
    place = { ...place, x: within(drag.from.x + (event.clientX - drag.x) / width), y: within(drag.from.y + (event.clientY - drag.y) / height) };
    mark();
  });
  for (const over of ["pointerup", "pointercancel"]) {
    box.addEventListener(over, () => {
      const moved = drag && (place.x !== drag.from.x || place.y !== drag.from.y);
      drag = null;
      if (moved) guess(); // a mere click leaves what was found
    });
  }
  size.addEventListener("input", () => ((place = { ...place, size: Number(size.value) }), mark()));
  size.addEventListener("change", () => guess());

  // ---------------------------------------------------------------- the search

  const request = async (mine = ++number) => ({ values: await plateValues(), picture: upload.picture, place, job: { key, number: mine } });

  /** What the encoder says at once; a search that goes on ends. */
  async function guess(steps = stepsAsked()) {
    stop();
    const mine = (guessing = ++number); // what was found is of another place: it cannot be taken meanwhile
    draw();
    const answer = await backend.begin({ ...(await request(mine)), steps });
    if (guessing !== mine) return null;
    guessing = 0;
    const well = worked(answer);
    if (well) {
      find(".target").src = answer.target;
      search = answer;
      kind = answer.taken_for;
    }
    draw();
    return well ? answer : null;
  }

  function stepsAsked() {
    const field = find(".steps");
    const steps = Math.round(Number(field.value)) || settings.steps;
    field.value = steps;
    return steps;
  }

  async function look() {
    const steps = stepsAsked();
    if (!upload || !(await guess(steps))) return;
    const mine = (searching = ++number);
    const bar = find(".bar progress");
    bar.value = 0;
    find(".bar").hidden = false;
    mark();
    draw();
    while (searching === mine && search.done < steps && element.isConnected) {
      const how = { state: search.state, editability: Number(find(".editability").value), taken_for: kind?.name ?? null };
      const answer = await backend.go_on({ ...(await request()), ...how });
      if (searching !== mine) return;
      if (answer.busy) {
        await new Promise((resolve) => setTimeout(resolve, answer.busy));
        continue;
      }
      if (!worked(answer)) break;
      search = answer;
      bar.value = answer.done / steps;
      draw();
    }
    if (searching === mine) done();
  }

  const done = () => {
    searching = 0;
    find(".bar").hidden = true;
    draw();
  };

  function stop() {
    if (!searching && !guessing) return;
    backend.stop({ job: { key, number } });
    guessing = 0;
    done();
  }

  function draw() {
    for (const name of ["to-plate", "keep"]) find(`[data-action=${name}]`).disabled = !search || Boolean(searching || guessing);
    find("[data-action=stop]").disabled = !searching && !guessing;
    if (search) find(".result").src = search.picture;
    const like = kind ? `By its nearest training pictures yours is taken for: ${kind.title}. ` : "";
    const count = search?.done ? `After ${search.done} steps` : settings.encoder ? "The encoder’s first guess" : "The average, to begin with";
    text(find(".error"), search ? `${like}${count}: ${search.words}` : "");
  }

  picker.addEventListener("change", async () => {
    await take(picker.files[0]);
    picker.value = "";
  });
  const over = (on) => (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    find(".project").classList.toggle("dropping", on);
  };
  element.addEventListener("dragover", over(true));
  element.addEventListener("dragleave", over(false));
  element.addEventListener("drop", (event) => {
    over(false)(event);
    take(event.dataTransfer.files[0]);
  });
  window.addEventListener("pagehide", stop);

  action("choose", { run: () => picker.click() });
  action("search", { run: look });
  action("stop", { keys: ["Escape"], says: "stop looking for your picture", run: stop });
  action("to-plate", { run: () => search && openOnPlate(search.recipe) });
  action("keep", { run: () => search && keep([{ recipe: search.recipe, picture: search.picture, caption: "your own picture, found again", name: find(".file-name").textContent.slice(0, 60) }]) });
  draw();
}
