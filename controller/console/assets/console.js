// What a page does besides showing what the server has drawn: everything works without it too.
(() => {
  "use strict";
  const SILENT_AFTER_MS = 3500; // a beat comes every second
  const root = document.documentElement;
  const notice = document.getElementById("stale");
  let heardAt = performance.now();
  let stale = root.dataset.stale === "true";

  function guard() {
    for (const button of document.querySelectorAll("[data-live]")) {
      if (stale) button.disabled = true;
      else if (!button.hasAttribute("data-barred")) button.disabled = false;
    }
  }

  function tell(isStale, reason) {
    stale = isStale;
    root.dataset.stale = String(isStale);
    if (!notice) return;
    notice.hidden = !isStale;
    const text = isStale ? notice.dataset[reason] : "";
    if (notice.textContent !== text) notice.textContent = text;
    guard();
  }

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.detail.type === "ended") {
      location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
      return;
    }
    heardAt = performance.now();
    if (event.detail.type !== "beat") return;
    event.preventDefault();
    const beat = JSON.parse(event.detail.data);
    tell(beat.stale, "engine");
    for (const age of document.querySelectorAll("[data-age]")) {
      age.textContent = beat.age === null ? "–" : String(beat.age);
    }
  });
  document.addEventListener("htmx:afterSwap", guard);

  if (document.body.dataset.stream) {
    setInterval(() => {
      if (performance.now() - heardAt > SILENT_AFTER_MS) tell(true, "silent");
    }, 500);
  }

  const dialog = document.getElementById("dialog");
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!dialog || event.detail.target !== dialog) return;
    if (!dialog.querySelector(".sheet")) return;
    if (!dialog.open) dialog.showModal();
    guard();
  });
  // The dialog asks for its own sheet: what asked may be replaced by a live update meanwhile.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!dialog || !form.matches("form[data-dialog]")) return;
    event.preventDefault();
    const query = new URLSearchParams(new FormData(form));
    const sheet = { source: dialog, target: dialog, select: ".sheet", swap: "innerHTML" };
    htmx.ajax("GET", `${form.action}?${query}`, sheet);
  });
  document.addEventListener("click", (event) => {
    if (dialog && event.target.closest("[data-close]") && dialog.open) {
      event.preventDefault();
      dialog.close();
      dialog.replaceChildren();
    }
    const map = event.target.closest(".map.clickable");
    if (map && !event.target.closest("a")) {
      const box = map.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width;
      const y = (event.clientY - box.top) / box.height;
      location.assign(`/nearest?x=${x.toFixed(4)}&y=${y.toFixed(4)}`);
    }
    if (event.target.closest("[data-print]")) window.print();
  });
  // One press is one decision: a form that is on its way is not sent again.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
    setTimeout(() => delete form.dataset.sent, 12000);
  });
  for (const choice of document.querySelectorAll("select[data-submit]")) {
    choice.addEventListener("change", () => choice.form.requestSubmit());
  }
  guard();
})();
