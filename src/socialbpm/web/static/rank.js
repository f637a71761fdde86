// Lets people put choices in order by dragging or by keys. The numbers beside the choices stay what is sent,
// so that everything can be done without this, too.
"use strict";

const HOW = "Drag by the handle, use the buttons, or press Alt with ↑ or ↓. What is below the line is not ranked.";

const itemsOf = (list) => [...list.querySelectorAll(".place")];
const fieldOf = (item) => item.querySelector(".number");
const nameOf = (item) => item.querySelector("label b").textContent;

function placeOf(item) {
  const typed = fieldOf(item).value.trim();
  return /^[0-9]{1,3}$/.test(typed) && Number(typed) > 0 ? Number(typed) : 0;
}

// The places from the best down, each with its items, and the items that have none.
function orderOf(list) {
  const places = new Map();
  const rest = [];
  for (const item of itemsOf(list)) {
    const number = placeOf(item);
    if (number) places.set(number, [...(places.get(number) ?? []), item]);
    else rest.push(item);
  }
  const sorted = [...places.keys()].sort((a, b) => a - b);
  return { tiers: sorted.map((number) => places.get(number)), rest };
}

function show(list, { tiers, rest }) {
  const kept = document.activeElement;
  tiers = tiers.filter((tier) => tier.length);
  tiers.forEach((tier, i) =>
    tier.forEach((item, at) => {
      fieldOf(item).value = i + 1;
      item.classList.toggle("tied", at > 0);
      list.append(item);
    }),
  );
  list.append(list.querySelector(".unranked"));
  for (const item of rest) {
    fieldOf(item).value = "";
    item.classList.remove("tied");
    list.append(item);
  }
  itemsOf(list).forEach((item, at, all) => {
    const [up, down, equal] = item.querySelectorAll(".step");
    const ranked = !rest.includes(item);
    item.classList.toggle("ranked", ranked);
    setOff(up, ranked && at === 0 && tiers[0].length === 1);
    setOff(down, !ranked);
    setOff(equal, !tiers.length || (ranked && tiers[0].length === 1 && tiers[0][0] === item));
    equal.setAttribute("aria-pressed", String(item.classList.contains("tied")));
  });
  if (list.contains(kept)) kept.focus();
}

// A button that does nothing now keeps the focus that a disabled one would lose.
const setOff = (button, off) => button.setAttribute("aria-disabled", String(off));

function without(order, item) {
  const keep = (items) => items.filter((each) => each !== item);
  return { tiers: order.tiers.map(keep), rest: keep(order.rest) };
}

function moved(order, item, step) {
  const at = order.tiers.findIndex((tier) => tier.includes(item));
  const { tiers, rest } = without(order, item);
  if (at < 0) return step < 0 ? { tiers: [...tiers, [item]], rest } : order;
  const alone = order.tiers[at].length === 1;
  if (alone && step > 0 && at === tiers.length - 1) return { tiers, rest: [item, ...rest] };
  if (alone) tiers.splice(at, 1);
  const to = alone ? at + step : step < 0 ? at : at + 1;
  tiers.splice(Math.max(0, to), 0, [item]);
  return { tiers, rest };
}

function joined(order, item) {
  const at = order.tiers.findIndex((tier) => tier.includes(item));
  if (at >= 0 && order.tiers[at].length > 1 && order.tiers[at][0] !== item) return moved(order, item, 1);
  const above = at < 0 ? order.tiers.length - 1 : at - 1;
  if (above < 0) return order;
  const { tiers, rest } = without(order, item);
  tiers[above].push(item);
  return { tiers, rest };
}

function tell(list, item) {
  const { tiers } = orderOf(list);
  const at = tiers.findIndex((tier) => tier.includes(item));
  const others = (tiers[at] ?? []).filter((each) => each !== item).map(nameOf);
  const equal = others.length ? `, equal with ${others.join(" and ")}` : "";
  announce(at < 0 ? `${nameOf(item)}: not ranked` : `${nameOf(item)}: place ${at + 1} of ${tiers.length}${equal}`);
}

function change(list, order, item) {
  show(list, order);
  fieldOf(item).dispatchEvent(new Event("input", { bubbles: true })); // the form has been begun
  tell(list, item);
}

function button(sign, name, act) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "step", textContent: sign });
  made.setAttribute("aria-label", name);
  made.addEventListener("click", () => made.getAttribute("aria-disabled") === "true" || act());
  return made;
}

// While somebody drags, the item follows; when they let go, its neighbours say which place it has. The list
// has the pointer, for an item that is moved within the page would lose it.
function followPointer(list) {
  const heldItem = () => list.querySelector(".held");
  list.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.target.matches(".grip")) return;
    event.preventDefault();
    list.setPointerCapture(event.pointerId);
    event.target.closest(".place").classList.add("held");
  });
  list.addEventListener("pointermove", (event) => heldItem() && follow(list, heldItem(), event.clientY));
  for (const end of ["pointerup", "pointercancel"]) list.addEventListener(end, () => drop(list, heldItem()));
}

function follow(list, item, height) {
  const next = [...list.children].find((each) => {
    const box = each.getBoundingClientRect();
    return each !== item && height < box.top + box.height / 2;
  });
  if (item.nextElementSibling !== (next ?? null)) list.insertBefore(item, next ?? null);
}

function drop(list, item) {
  if (!item) return;
  item.classList.remove("held");
  change(list, dropped(list, item), item);
}

function dropped(list, item) {
  const all = [...list.children];
  const line = all.indexOf(list.querySelector(".unranked"));
  const at = all.indexOf(item);
  const { tiers, rest } = without(orderOf(list), item);
  if (at > line) {
    rest.splice(at - line - 1, 0, item);
    return { tiers, rest };
  }
  const above = tiers.findIndex((tier) => tier.includes(all[at - 1]));
  tiers.splice(above + 1, 0, [item]);
  return { tiers, rest };
}

function equip(list, item) {
  const name = nameOf(item);
  const grip = document.createElement("span");
  Object.assign(grip, { className: "grip", ariaHidden: "true", textContent: "⠿" });
  const steps = document.createElement("span");
  steps.className = "steps";
  const step = (by) => () => change(list, moved(orderOf(list), item, by), item);
  steps.append(
    button("↑", `Move ${name} up`, step(-1)),
    button("↓", `Move ${name} down`, step(1)),
    button("=", `${name} equal with the one above`, () => change(list, joined(orderOf(list), item), item)),
  );
  item.prepend(grip);
  item.append(steps);
  fieldOf(item).addEventListener("change", () => {
    if (fieldOf(item).value.trim() === "" || placeOf(item)) show(list, orderOf(list)), tell(list, item);
  });
  item.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || !event.altKey) return;
    event.preventDefault();
    step(by)();
  });
}

function begin() {
  for (const list of document.querySelectorAll("[data-rank]:not(.by-hand)")) {
    list.classList.add("by-hand");
    const line = document.createElement("li");
    Object.assign(line, { className: "unranked", textContent: "Not ranked" });
    list.append(line);
    for (const item of itemsOf(list)) equip(list, item);
    followPointer(list);
    list.closest("fieldset").querySelector("#rank-how").append(` ${HOW}`);
    const wrong = list.querySelector("[aria-invalid]");
    if (!wrong) show(list, orderOf(list)); // what was typed wrongly stays as it is, to be mended
  }
}

begin();
document.addEventListener("renewed", begin);
