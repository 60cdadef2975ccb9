// Menus are <details>: one is open at a time, and Escape or a click elsewhere closes it.
"use strict";
(() => {
  const menus = "details.menu[open], details.user-menu[open], details.phone-menu[open]";
  const close = (except) => {
    for (const menu of document.querySelectorAll(menus)) {
      if (!except || !menu.contains(except)) menu.removeAttribute("open");
    }
  };
  document.addEventListener("click", (event) => close(event.target));
  document.addEventListener("focusin", (event) => close(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector(menus);
    if (!menu) return;
    const inside = menu.contains(document.activeElement);
    close();
    if (inside) menu.querySelector("summary").focus();
  });
})();
