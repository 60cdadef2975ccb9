// Keyboard shortcuts, and the sheet that lists them. They are off for whoever turned them off, and
// while something is typed.
"use strict";
(() => {
  const sheet = document.getElementById("shortcut-help");
  if (!sheet) return;
  const isOn = document.body.dataset.shortcuts === "on";
  const open = () => { if (!sheet.open) sheet.showModal(); };
  for (const opener of document.querySelectorAll("[data-open-shortcuts]")) {
    opener.hidden = !isOn;
    opener.addEventListener("click", open);
  }
  sheet.querySelector("[data-close-dialog]").addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", (event) => { if (event.target === sheet) sheet.close(); });

  const search = () => {
    const fields = "main input[type=search], main #searchbar, main input[name=q], main .filter-bar input:not([type=hidden])";
    const field = document.querySelector(fields);
    if (!field) return false;
    field.closest("details:not([open])")?.setAttribute("open", "");
    field.focus();
    field.select?.();
    return true;
  };
  const follow = (selector) => {
    const link = document.querySelector(selector);
    link?.click();
    return Boolean(link);
  };
  const actions = {
    "/": search,
    "?": () => { open(); return true; },
    c: () => {
      const address = document.body.dataset.create;
      if (address) location.assign(address);
      return Boolean(address);
    },
    j: () => follow("main a[rel=next]"),
    k: () => follow("main a[rel=prev]"),
  };
  document.addEventListener("keydown", (event) => {
    if (!isOn || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (sheet.open || event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (Object.hasOwn(actions, event.key) && actions[event.key]()) event.preventDefault();
  });
})();
