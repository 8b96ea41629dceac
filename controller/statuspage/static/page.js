// Keeps the page current, and filters while the reader types. Everything works without it, by reloading.
"use strict";

(() => {
  const INTERVAL = 3000;
  const pause = document.getElementById("pause");
  const offline = document.getElementById("offline");
  const filter = document.getElementById("filter");
  let paused = false;
  let answeredAt = new Date();
  let latest = 0;

  const reader = new DOMParser();

  // What has the focus is replaced by what looks the same in the new page.
  function focusedIn(element) {
    const active = document.activeElement;
    return element.contains(active) && active.getAttribute("href");
  }

  function show(text) {
    const page = reader.parseFromString(text, "text/html");
    for (const old of document.querySelectorAll("[data-live]")) {
      const current = page.getElementById(old.id);
      if (!current || old.isEqualNode(current)) continue;
      const href = focusedIn(old);
      old.replaceWith(document.adoptNode(current));
      if (href) {
        const again = [...current.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === href);
        if (again) again.focus({ preventScroll: true });
      }
    }
  }

  async function load(url) {
    const mine = ++latest;
    const response = await fetch(url, { cache: "no-store" });
    const text = await response.text();
    // A slow answer must not overwrite that of a later question.
    if (mine === latest && (response.ok || response.status === 404)) show(text);
  }

  function isReading() {
    const selection = document.getSelection();
    return paused || document.hidden || (selection && !selection.isCollapsed);
  }

  async function update() {
    if (!isReading()) {
      try {
        const seen = document.getElementById("state").dataset.state;
        const response = await fetch("/state", { cache: "no-store" });
        if (!response.ok) throw new Error(response.statusText);
        if (!seen || (await response.text()) !== seen) await load(location.href);
        answeredAt = new Date();
        offline.hidden = true;
      } catch {
        offline.querySelector("span").textContent = answeredAt.toLocaleTimeString();
        offline.hidden = false;
      }
    }
    setTimeout(update, INTERVAL);
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
  });

  if (filter) {
    let timer = 0;
    filter.querySelector("button").classList.add("hidden-by-script");
    filter.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const words = new URLSearchParams(new FormData(filter));
        if (!words.get("q")) words.delete("q");
        const url = words.size ? `/?${words}` : "/";
        history.replaceState(null, "", url);
        load(url).catch(() => {});
      }, 200);
    });
  }

  // Rows out of sight are not laid out at first (see the style sheet). Screen readers need all of them.
  window.addEventListener("load", () => setTimeout(() => document.documentElement.classList.add("settled"), 500));

  setTimeout(update, INTERVAL);
})();
