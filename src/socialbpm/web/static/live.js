// Keeps an open page up to date, and adds the reader's own time to times. Without it every page works all the same.
"use strict";

const touched = new WeakSet(); // forms that somebody has begun to fill in
let behind = false; // whether a region was left alone because somebody is at it

function isBusy(region) {
  const forms = [...region.querySelectorAll("form")];
  return region.contains(document.activeElement) || forms.some((form) => touched.has(form));
}

// What a region says, leaving out what differs from one rendering to the next without meaning anything.
function essence(region) {
  const copy = region.cloneNode(true);
  for (const node of copy.querySelectorAll("time, [name=once]")) node.remove();
  return copy.innerHTML;
}

const served = new WeakMap(); // what each region said as the server sent it; scripts add to it
for (const region of document.querySelectorAll("[data-live]")) served.set(region, essence(region));

function replace(region, other) {
  served.set(region, essence(other));
  const scrolled = [...region.querySelectorAll(".scroller")].map((each) => each.scrollLeft);
  const opened = [...region.querySelectorAll("details")].map((each) => each.open);
  region.replaceChildren(...other.childNodes);
  region.querySelectorAll("details").forEach((each, i) => (each.open = opened[i] ?? each.open));
  region.querySelectorAll(".scroller").forEach((each, i) => (each.scrollLeft = scrolled[i] ?? 0));
  addLocalTimes(region);
  document.dispatchEvent(new Event("renewed"));
}

// The server renders; the script puts each region that says something new in the place of the old one.
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  let said = false;
  behind = false;
  for (const region of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(region.id);
    if (!other || essence(other) === served.get(region)) continue;
    if (isBusy(region)) {
      behind = true;
      continue;
    }
    replace(region, other);
    said = said || "said" in region.dataset;
  }
  document.title = fresh.title;
  if (said) announce("This page was brought up to date.");
}

function announce(word) {
  const place = document.getElementById("live-word");
  place.textContent = ""; // the same word twice is only read out if it was gone in between
  setTimeout(() => (place.textContent = word), 100);
}

let planned = 0;
function refreshSoon() {
  clearTimeout(planned); // several things that happen at once are one refresh
  planned = setTimeout(refresh, 150);
}

// A browser opens only a few connections to one server, so a tab that nobody looks at gives its own back.
let source = null;
let last = "";
function listen(address) {
  const from = new URL(address, location.href);
  if (last) from.searchParams.set("since", last);
  source = new EventSource(from);
  source.addEventListener("happened", (event) => {
    last = event.lastEventId;
    refreshSoon();
  });
  source.addEventListener("open", () => document.documentElement.classList.add("is-live"));
  source.addEventListener("error", () => document.documentElement.classList.remove("is-live"));
}

function addLocalTimes(root) {
  const own = { weekday: "short", hour: "2-digit", minute: "2-digit" };
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (at.getTimezoneOffset() !== 0) time.append(` (${at.toLocaleString([], own)} where you are)`);
  }
}

addLocalTimes(document);
const events = document.body.dataset.events;
if (events) {
  listen(events);
  document.addEventListener("input", (event) => event.target.form && touched.add(event.target.form));
  document.addEventListener("focusout", () => behind && refreshSoon());
  document.addEventListener("visibilitychange", () => {
    source.close();
    if (document.hidden) return;
    listen(events);
    refreshSoon();
  });
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => event.persisted && (listen(events), refreshSoon()));
}
