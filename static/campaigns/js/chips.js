// Below each text field with data-variables, offer columns as buttons that insert {{column}} where
// the cursor is. The columns are those of the element with data-columns.
"use strict";
(() => {
  const areas = [...document.querySelectorAll("textarea[data-variables], input[data-variables]")];
  const insert = (area, name) => {
    const text = `{{${name}}}`;
    area.focus();
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const bar = (area) => {
    const anchor = area.closest(".marked-text") ?? area;
    if (anchor.nextElementSibling?.matches(".chips")) return anchor.nextElementSibling;
    const made = document.createElement("div");
    made.className = "chips";
    made.setAttribute("role", "group");
    made.setAttribute("aria-label", "Insert a column");
    anchor.after(made);
    return made;
  };
  const show = () => {
    const columns = document.querySelector("[data-columns]")?.dataset.columns ?? "";
    const names = [...new Set(columns.split("\n").filter(Boolean))];
    for (const area of areas) {
      const box = bar(area);
      box.hidden = !names.length || area.disabled;
      box.replaceChildren("Insert ", ...names.map((name) => {
        const chip = document.createElement("button");
        chip.type = "button";
        chip.className = "chip";
        chip.textContent = name;
        chip.addEventListener("click", () => insert(area, name));
        return chip;
      }));
    }
  };
  document.addEventListener("list:read", show);
  show();
})();
