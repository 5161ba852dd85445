// What shoppers see and click, told in the background; where the browser asks not to be tracked, only what they say outright.

const ADDRESS = document.body.dataset.events;
const IS_QUIET = navigator.globalPrivacyControl === true || navigator.doNotTrack === "1";
// A card counts as seen when half of it was in view for this long.
const SEEN_MS = 500;
const SEND_EVERY_MS = 4000;
const MOST = 50;
const VISITOR_MS = 24 * 60 * 60 * 1000;

// A random name that lives as long as the tab, a day at most, and is no cookie.
function visitor() {
  try {
    const kept = JSON.parse(sessionStorage.getItem("visitor") ?? "null");
    if (kept?.until > Date.now()) return kept.id;
    const fresh = { id: `v-${randomName()}`, until: Date.now() + VISITOR_MS };
    sessionStorage.setItem("visitor", JSON.stringify(fresh));
    return fresh.id;
  } catch {
    return "";
  }
}

// crypto.randomUUID is missing where the page came by plain http.
function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

let waiting = [];
let timer;

function report(type, card) {
  const { sku, search, position } = card.dataset;
  if (!sku || !search) return;
  const event = { id: randomName(), type, product: sku, search_id: search, position: Number(position) };
  const name = IS_QUIET ? "" : visitor();
  if (name) event.visitor = name;
  waiting.push(event);
  if (waiting.length >= MOST) send();
  else timer ??= setTimeout(send, SEND_EVERY_MS);
}

function send() {
  clearTimeout(timer);
  timer = undefined;
  if (!waiting.length) return;
  const form = new FormData();
  form.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "");
  form.set("events", JSON.stringify(waiting.splice(0, MOST)));
  // The browser sends it when it has time, also after the page is gone; it is lost where there is no network.
  navigator.sendBeacon(ADDRESS, form);
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") send();
});

// --- seen ------------------------------------------------------------------------------------------------------------

const seen = new Set();
const watched = new WeakSet();
const timers = new WeakMap();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(timers.get(target));
      if (isIntersecting) timers.set(target, setTimeout(() => see(target), SEEN_MS));
    }
  },
  { threshold: 0.5 },
);

function see(card) {
  watcher.unobserve(card);
  const name = `${card.dataset.search} ${card.dataset.sku}`;
  if (!card.isConnected || seen.has(name)) return;
  seen.add(name);
  report("impression", card);
}

function watch() {
  if (IS_QUIET) return;
  for (const card of document.querySelectorAll(".card[data-search]")) {
    if (watched.has(card)) continue;
    watched.add(card);
    watcher.observe(card);
  }
}
watch();
document.addEventListener("htmx:load", watch);

// --- clicked, and waved away -----------------------------------------------------------------------------------------

document.addEventListener(
  "click",
  (event) => {
    const card = event.target.closest(".card[data-search]");
    if (!card) return;
    if (event.target.closest("[data-not-relevant]")) {
      report("not_relevant", card);
      send();
    } else if (!IS_QUIET && event.target.closest("a[data-product]")) report("click", card);
  },
  { capture: true },
);

// --- typed on --------------------------------------------------------------------------------------------------------

// So that "red dr" on the way to "red dress" is not counted as a question of its own. Says nothing of who types.
document.addEventListener("htmx:configRequest", (event) => {
  const before = document.querySelector(".toolbar")?.dataset.search;
  if (event.target.id === "search" && before) event.detail.headers["X-Search-Before"] = before;
});
