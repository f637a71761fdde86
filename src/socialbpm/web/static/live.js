// Keeps a page up to date and shows times in the reader's own zone. Without it every page works; one reloads it.
"use strict";

const touched = new WeakSet();

function isBusy(region) {
  return region.contains(document.activeElement) || [...region.querySelectorAll("form")].some((form) => touched.has(form));
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(time.dateTime);
    const zone = { weekday: "short", hour: "2-digit", minute: "2-digit" };
    if (at.getTimezoneOffset() !== 0) time.title = at.toLocaleString([], zone) + " where you are";
  }
}

// The server renders; the script only puts the new rendering of each region in the place of the old one.
async function refresh() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  let changed = false;
  for (const region of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(region.id);
    if (!other || other.innerHTML === region.innerHTML || isBusy(region)) continue;
    region.replaceChildren(...other.childNodes);
    localTimes(region);
    changed = changed || "said" in region.dataset;
  }
  const word = document.getElementById("live-word");
  if (changed && word) word.textContent = "This page was brought up to date.";
}

function listen(address) {
  let planned = 0;
  const source = new EventSource(address);
  source.addEventListener("happened", () => {
    // Several things that happen at once are one refresh.
    clearTimeout(planned);
    planned = setTimeout(refresh, 150);
  });
  source.addEventListener("open", () => document.documentElement.classList.add("is-live"));
  source.addEventListener("error", () => document.documentElement.classList.remove("is-live"));
  window.addEventListener("pagehide", () => source.close());
}

document.addEventListener("input", (event) => {
  if (event.target.form) touched.add(event.target.form);
});
localTimes(document);
const events = document.body.dataset.events;
if (events) listen(events);
