// What the server and htmx cannot do: hand over a photo, drag a box on it, open a product over the page, keep groups open.

const find = (selector) => document.querySelector(selector);
const LONGEST_SIDE = 1280;

// --- photos: picked, dropped or pasted -------------------------------------------------------------------------------

// A phone's photo of 10 MB becomes 200 KB, upright and without its place; what the browser cannot read goes as it is.
async function shrink(file) {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const pencil = canvas.getContext("2d");
    pencil.fillStyle = "#fff";
    pencil.fillRect(0, 0, canvas.width, canvas.height);
    pencil.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

async function send(file) {
  const files = new DataTransfer();
  files.items.add(await shrink(file));
  find("#photo-file").files = files.files;
  find("#photo-form").requestSubmit();
}

find("#photo-file")?.addEventListener("change", (event) => {
  if (event.target.files[0]) send(event.target.files[0]);
});

// So that the same file can be picked again.
find("#photo-form")?.addEventListener("htmx:afterRequest", () => {
  find("#photo-file").value = "";
});

const photoOf = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));

document.addEventListener("paste", (event) => {
  const photo = photoOf(event.clipboardData);
  if (photo) {
    event.preventDefault();
    send(photo);
  }
});

document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.add("is-dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("is-dropping");
});
document.addEventListener("drop", (event) => {
  document.body.classList.remove("is-dropping");
  if (!event.dataTransfer.types.includes("Files")) return;
  event.preventDefault();
  const photo = photoOf(event.dataTransfer);
  if (photo) send(photo);
  else say("This is no photo: drop a JPEG, PNG or WebP file.");
});

// --- the box on the photo --------------------------------------------------------------------------------------------

const SMALLEST = 0.08;
const STEP = 0.03;
const WHOLE = [0, 0, 1, 1];
const within = (value, low, high) => Math.min(high, Math.max(low, value));
const isWhole = (edges) => edges.every((edge, place) => Math.abs(edge - WHOLE[place]) < 0.005);
let edges = WHOLE;
let asking;

function draw() {
  const box = find("#box");
  if (!box) return;
  const [left, top, right, bottom] = edges.map((edge) => `${edge * 100}%`);
  box.style.left = left;
  box.style.top = top;
  box.style.width = `calc(${right} - ${left})`;
  box.style.height = `calc(${bottom} - ${top})`;
  const percent = edges.map((edge) => Math.round(edge * 100));
  const part = isWhole(edges)
    ? "the whole photo"
    : `${percent[0]} to ${percent[2]}% across, ${percent[1]} to ${percent[3]}% down`;
  box.setAttribute("aria-label", `The part of your photo that is searched: ${part}`);
}

// Search with the box once it rests.
function ask(delay) {
  clearTimeout(asking);
  asking = setTimeout(() => {
    const field = find("#box-edges");
    const text = isWhole(edges) ? "" : edges.map((edge) => Number(edge.toFixed(3))).join(",");
    if (!field || field.value === text) return;
    field.value = text;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }, delay);
}

function moved([x1, y1, x2, y2], dx, dy) {
  const right = within(dx, -x1, 1 - x2);
  const down = within(dy, -y1, 1 - y2);
  return [x1 + right, y1 + down, x2 + right, y2 + down];
}

function resized([x1, y1, x2, y2], corner, dx, dy) {
  const [isTop, isLeft] = [corner.includes("n"), corner.includes("w")];
  return [
    isLeft ? within(x1 + dx, 0, x2 - SMALLEST) : x1,
    isTop ? within(y1 + dy, 0, y2 - SMALLEST) : y1,
    isLeft ? x2 : within(x2 + dx, x1 + SMALLEST, 1),
    isTop ? y2 : within(y2 + dy, y1 + SMALLEST, 1),
  ];
}

document.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest(".stage");
  if (!stage || event.button) return;
  event.preventDefault();
  clearTimeout(asking);
  find("#box").focus({ preventScroll: true, focusVisible: false });
  const frame = stage.getBoundingClientRect();
  const at = (pointer) => [
    within((pointer.clientX - frame.left) / frame.width, 0, 1),
    within((pointer.clientY - frame.top) / frame.height, 0, 1),
  ];
  const [startX, startY] = at(event);
  const before = edges;
  const corner = event.target.dataset.corner;
  // Outside of the box, or while it is the whole photo, a drag draws a new one.
  const isNew = !corner && (isWhole(before) || !event.target.closest("#box"));
  const follow = (pointer) => {
    const [x, y] = at(pointer);
    const [dx, dy] = [x - startX, y - startY];
    if (corner) edges = resized(before, corner, dx, dy);
    else if (!isNew) edges = moved(before, dx, dy);
    else if (Math.hypot(dx, dy) > 0.03) {
      const [x1, y1] = [within(Math.min(x, startX), 0, 1 - SMALLEST), within(Math.min(y, startY), 0, 1 - SMALLEST)];
      edges = [x1, y1, Math.max(x, startX, x1 + SMALLEST), Math.max(y, startY, y1 + SMALLEST)];
    }
    draw();
  };
  const finish = () => {
    stage.removeEventListener("pointermove", follow);
    ask(0);
  };
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("lostpointercapture", finish, { once: true });
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "box") return;
  const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
  if (event.key === "Home" || event.key === "Escape") edges = WHOLE;
  else if (!dx && !dy) return;
  else if (event.shiftKey) edges = resized(edges, "se", dx, dy);
  else if (isWhole(edges)) edges = [0.15, 0.15, 0.85, 0.85];
  else edges = moved(edges, dx, dy);
  event.preventDefault();
  draw();
  ask(600);
});

// --- a product over the page -----------------------------------------------------------------------------------------

const dialog = find("#product");
const isProductEntry = () => history.state?.product === true;
let isShown = false;
let opener;

async function show(url) {
  isShown = true;
  await htmx.ajax("GET", url, { target: "#product-body", swap: "innerHTML" });
  if (!isShown || !find("#product-body .product")) return;
  dialog.setAttribute("aria-label", find("#product-body .product-title").textContent);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-product]");
  const isPlain = !event.defaultPrevented && !event.button && !event.metaKey && !event.ctrlKey && !event.shiftKey;
  if (link && isPlain && find("#layout")) {
    event.preventDefault();
    // An option of the search field is gone by the time that the product closes.
    if (!isShown) opener = link.closest("#options") ? find("#q") : link;
    history[isProductEntry() ? "replaceState" : "pushState"]({ product: true }, "", link.href);
    show(link.href);
  } else if (event.target === dialog) dialog.close();
});

// The event comes a frame late: what closed the dialog may have been followed by another step through the history.
let isClosedByHistory = false;
dialog?.addEventListener("close", () => {
  if (isClosedByHistory) {
    isClosedByHistory = false;
    return;
  }
  find("#product-body").replaceChildren();
  if (isProductEntry()) history.back();
});

// Runs before htmx's own handler: to go back from a product is to close it, and the page behind stays as it is.
addEventListener("popstate", (event) => {
  if (!find("#layout")) {
    event.stopImmediatePropagation();
    location.reload();
  } else if (isProductEntry()) show(location.href);
  else if (isShown) {
    event.stopImmediatePropagation();
    isShown = false;
    find("#product-body").replaceChildren();
    isClosedByHistory = dialog.open;
    dialog.close();
    // The address may end in #results, and going back to it would take the focus there.
    setTimeout(() => {
      if ([document.body, find("#results")].includes(document.activeElement)) opener?.focus({ preventScroll: true });
    });
  }
});

// --- what a swap must keep -------------------------------------------------------------------------------------------

const openGroups = new Map();
document.addEventListener("click", (event) => {
  const group = event.target.closest("#facets summary")?.parentElement;
  if (group) openGroups.set(group.id, !group.open);
});

function keepGroups() {
  for (const group of document.querySelectorAll("#facets details[id]")) {
    if (openGroups.has(group.id)) group.open = openGroups.get(group.id);
  }
}
document.addEventListener("htmx:oobAfterSwap", keepGroups);

// What is typed to find a value of a facet is no filter: the form, which listens to the whole page, shall not search by it.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.matches("[data-find]")) event.stopPropagation();
  },
  { capture: true },
);

// --- not this --------------------------------------------------------------------------------------------------------

// The card fades at once; when the others have moved up, the focus is on the one that took its place.
let wavedFrom = -1;
document.addEventListener("click", (event) => {
  const card = event.target.closest("[data-not-relevant]")?.closest(".card");
  if (!card) return;
  card.classList.add("is-going");
  wavedFrom = [...card.parentElement.children].indexOf(card);
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (wavedFrom < 0 || event.target.id !== "results") return;
  const others = document.querySelectorAll("#grid [data-not-relevant]");
  (others[Math.min(wavedFrom, others.length - 1)] ?? find("#results")).focus({ preventScroll: true });
  wavedFrom = -1;
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => find(".card.is-going")?.classList.remove("is-going"));
}

// The words and the box follow the address, also when going back; the words never under the shopper's hands.
document.addEventListener("htmx:load", () => {
  keepGroups();
  if (!find("#layout") || isProductEntry()) return;
  const asked = new URLSearchParams(location.search);
  const [words, field] = [find("#q"), find("#box-edges")];
  if (document.activeElement !== words) words.value = asked.get("q") ?? "";
  if (!field) return;
  field.value = asked.get("box") ?? "";
  edges = field.value ? field.value.split(",").map(Number) : WHOLE;
  draw();
});

// A kept page is parsed again when going back, and the policy allows no style in markup.
document.addEventListener("htmx:beforeHistorySave", () => {
  find("#box")?.removeAttribute("style");
  queueMicrotask(draw);
});

function say(text) {
  find("#trouble").textContent = text;
}
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => say("The shop does not answer. Check the connection and try again."));
}
