// Completes what is typed: a combobox (ARIA 1.2) whose options the server renders as links. Typing never waits for it.

const field = document.querySelector("#q");
const list = document.querySelector("#options");
const said = document.querySelector("#options-said");
const WAIT_MS = 150;
let timer;
let request;
let active = -1;
// The words that the list is of; a search that typing still has under way shall not undo a choice.
let shown = "";
let isChosen = false;

const options = () => [...list.querySelectorAll("[role=option]")];
const isOpen = () => !list.hidden;

field.setAttribute("role", "combobox");
field.setAttribute("aria-autocomplete", "list");
field.setAttribute("aria-controls", list.id);
field.setAttribute("aria-expanded", "false");

function open() {
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  mark(-1);
}

function close() {
  clearTimeout(timer);
  request?.abort();
  list.hidden = true;
  said.textContent = "";
  field.setAttribute("aria-expanded", "false");
  mark(-1);
}

function mark(place) {
  active = place;
  const all = options();
  all.forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
  if (place < 0) field.removeAttribute("aria-activedescendant");
  else {
    field.setAttribute("aria-activedescendant", all[place].id);
    all[place].scrollIntoView({ block: "nearest" });
  }
}

async function complete() {
  const words = field.value.trim();
  request?.abort();
  request = new AbortController();
  const asked = new URLSearchParams([...new FormData(field.form)].filter(([, value]) => value));
  try {
    const answer = await fetch(`${list.dataset.from}?${asked}`, { signal: request.signal });
    if (!answer.ok) return close();
    const markup = await answer.text();
    if (field.value.trim() !== words || document.activeElement !== field) return;
    list.innerHTML = markup;
    globalThis.htmx?.process(list);
  } catch {
    // Overtaken by the next letter, or there is no network: the search itself says so.
    return;
  }
  shown = words;
  const count = options().length;
  if (!count) return close();
  open();
  said.textContent = count === 1 ? "1 suggestion" : `${count} suggestions`;
}

field.addEventListener("input", () => {
  isChosen = false;
  clearTimeout(timer);
  if (field.value.trim()) timer = setTimeout(complete, WAIT_MS);
  else close();
});

field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const count = options().length;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!field.value.trim()) return;
    event.preventDefault();
    if (!isOpen() && (shown !== field.value.trim() || !count)) return void complete();
    if (!isOpen()) open();
    const step = event.key === "ArrowDown" ? 1 : -1;
    // One place between the last and the first is the field itself.
    mark(((active + 1 + step + count + 1) % (count + 1)) - 1);
  } else if (event.key === "Escape" && isOpen()) {
    event.preventDefault();
    close();
  } else if (event.key === "Enter") {
    if (isOpen() && active >= 0) {
      event.preventDefault();
      options()[active].click();
    } else close();
  } else if (event.key === "Tab") close();
});

field.addEventListener("blur", close);
field.form.addEventListener("submit", close);

// So that the field keeps the focus until the click.
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const option = event.target.closest("[role=option]");
  if (!option || event.metaKey || event.ctrlKey || event.shiftKey) return;
  isChosen = true;
  field.value = option.dataset.words;
  close();
});

// Asked before hx-sync, which would have the typed search abort the choice's own request and then be stopped itself.
document.addEventListener("htmx:confirm", (event) => {
  const cause = event.detail.triggeringEvent;
  if (isChosen && event.target === field.form && cause?.type === "input") event.preventDefault();
});
