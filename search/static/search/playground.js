// The playground without JavaScript is forms; with it photos can be dropped and pasted, and a box dragged on them.

const find = (selector) => document.querySelector(selector);
const ask = find("#ask");
const upload = find("#upload");
const fileField = find("#photo-file");

// --- photos ----------------------------------------------------------------------------------------------------------

function send() {
  // What was typed meanwhile goes along.
  const fields = [...new FormData(ask)].filter(([, value]) => typeof value === "string" && value !== "");
  upload.elements.state.value = new URLSearchParams(fields).toString();
  upload.requestSubmit();
}

function take(transfer) {
  const photo = [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
  if (!photo) return false;
  const files = new DataTransfer();
  files.items.add(photo);
  fileField.files = files.files;
  send();
  return true;
}

fileField?.addEventListener("change", () => fileField.files.length && send());
document.addEventListener("paste", (event) => {
  if (take(event.clipboardData)) event.preventDefault();
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
  take(event.dataTransfer);
});

// --- the box ---------------------------------------------------------------------------------------------------------

const SMALLEST = 0.05;
const STEP = 0.02;
const WHOLE = [0, 0, 1, 1];
const within = (value, low, high) => Math.min(high, Math.max(low, value));
const isWhole = (box) => box.every((edge, place) => Math.abs(edge - WHOLE[place]) < 0.005);
const field = ask?.elements.box;
const stage = find("#stage");
const box = find("#box");
const stated = (field?.value ?? "").split(",").map(Number);
let edges = stated.length === 4 && stated.every(Number.isFinite) ? stated : WHOLE;
let waiting;

function draw() {
  const [left, top, right, bottom] = edges.map((edge) => edge * 100);
  Object.assign(box.style, { left: `${left}%`, top: `${top}%`, width: `${right - left}%`, height: `${bottom - top}%` });
}

function search(delay) {
  clearTimeout(waiting);
  const text = isWhole(edges) ? "" : edges.map((edge) => Number(edge.toFixed(3))).join(",");
  if (field.value === text) return;
  waiting = setTimeout(() => {
    field.value = text;
    ask.requestSubmit();
  }, delay);
}

function moved([x1, y1, x2, y2], dx, dy) {
  const [right, down] = [within(dx, -x1, 1 - x2), within(dy, -y1, 1 - y2)];
  return [x1 + right, y1 + down, x2 + right, y2 + down];
}

function resized([x1, y1, x2, y2], corner, dx, dy) {
  return [
    corner.includes("w") ? within(x1 + dx, 0, x2 - SMALLEST) : x1,
    corner.includes("n") ? within(y1 + dy, 0, y2 - SMALLEST) : y1,
    corner.includes("e") ? within(x2 + dx, x1 + SMALLEST, 1) : x2,
    corner.includes("s") ? within(y2 + dy, y1 + SMALLEST, 1) : y2,
  ];
}

function drawn([startX, startY], [x, y]) {
  const [x1, y1] = [within(Math.min(x, startX), 0, 1 - SMALLEST), within(Math.min(y, startY), 0, 1 - SMALLEST)];
  return [x1, y1, Math.max(x, startX, x1 + SMALLEST), Math.max(y, startY, y1 + SMALLEST)];
}

stage?.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  event.preventDefault();
  box.focus({ preventScroll: true });
  const frame = stage.getBoundingClientRect();
  const at = ({ clientX, clientY }) => [
    within((clientX - frame.left) / frame.width, 0, 1),
    within((clientY - frame.top) / frame.height, 0, 1),
  ];
  const start = at(event);
  const before = edges;
  const corner = event.target.dataset.corner;
  // Outside of the box, or while it is the whole photo, a drag draws a new one.
  const isNew = !corner && (isWhole(before) || event.target !== box);
  const follow = (pointer) => {
    const now = at(pointer);
    const [dx, dy] = [now[0] - start[0], now[1] - start[1]];
    if (corner) edges = resized(before, corner, dx, dy);
    else if (!isNew) edges = moved(before, dx, dy);
    else if (Math.hypot(dx, dy) > 0.02) edges = drawn(start, now);
    draw();
  };
  stage.setPointerCapture(event.pointerId);
  stage.addEventListener("pointermove", follow);
  stage.addEventListener(
    "lostpointercapture",
    () => {
      stage.removeEventListener("pointermove", follow);
      search(0);
    },
    { once: true },
  );
});

box?.addEventListener("keydown", (event) => {
  const arrows = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  const [dx, dy] = arrows[event.key] ?? [0, 0];
  if (event.key === "Home") edges = WHOLE;
  else if (!dx && !dy) return;
  else if (event.shiftKey) edges = resized(edges, "se", dx, dy);
  else edges = isWhole(edges) ? [0.15, 0.15, 0.85, 0.85] : moved(edges, dx, dy);
  event.preventDefault();
  draw();
  search(700);
});

if (box) draw();

// --- the second way --------------------------------------------------------------------------------------------------

// Its settings are drawn by the server, so the switch asks for them.
ask?.elements.compare?.addEventListener("change", () => ask.requestSubmit());
