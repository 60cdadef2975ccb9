// Update the preview beside the columns after each choice. The server renders it without saving.
"use strict";
(() => {
  const form = document.getElementById("mapping");
  document.documentElement.classList.add("scripted");
  let waiting, row = "0";
  const preview = async () => {
    const data = new FormData(form);
    data.set("row", row);
    const answer = await fetch(form.dataset.previewUrl, { method: "POST", body: data, credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const focused = document.activeElement?.dataset?.row !== undefined;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("preview");
    document.getElementById("preview").replaceWith(fresh);
    if (focused) fresh.querySelector("button")?.focus();
  };
  form.addEventListener("input", (event) => {
    const line = event.target.closest("tr");
    if (!line) return;
    if (event.target.name.startsWith("target-")) line.dataset.target = event.target.value;
    clearTimeout(waiting);
    waiting = setTimeout(preview, 250);
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-row]");
    if (!button) return;
    event.preventDefault();
    row = button.dataset.row;
    preview();
  });
})();
