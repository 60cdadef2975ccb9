// In [data-rows], show only the rows that are filled in, and add or clear rows by buttons.
"use strict";
document.querySelectorAll("[data-rows]").forEach((box) => {
  const inputs = (row) => [...row.querySelectorAll("input, select, textarea")];
  const isBlank = (row) => inputs(row).every((one) => !one.value);
  const rows = () => [...box.querySelectorAll("[data-row]")];
  const button = (label, text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button small";
    made.textContent = text;
    if (label !== text) made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };
  const finish = (row) => {
    const clear = button("Remove this row", "Remove", () => {
      inputs(row).forEach((one) => { one.value = ""; });
      row.hidden = true;
      add.focus();
      box.dispatchEvent(new Event("change", { bubbles: true }));
    });
    clear.classList.add("remove");
    row.append(clear);
  };
  const another = () => {
    const blank = rows().find((row) => row.hidden);
    if (blank) return blank;
    const last = rows().at(-1);
    const made = last.cloneNode(true);
    made.querySelector(".remove").remove();
    const number = rows().length;
    const renumber = (text) => text.replace(/([-_])\d+([-_]\w+)$/, `$1${number}$2`);
    made.querySelectorAll("[name], [id], [for]").forEach((one) => {
      for (const name of ["name", "id", "for"]) {
        if (one.hasAttribute(name)) one.setAttribute(name, renumber(one.getAttribute(name)));
      }
    });
    inputs(made).forEach((one) => { one.value = ""; one.removeAttribute("aria-invalid"); });
    finish(made);
    last.after(made);
    return made;
  };
  const add = button(box.dataset.rows, box.dataset.rows, () => {
    const row = another();
    row.hidden = false;
    inputs(row)[0].focus();
  });
  rows().forEach((row) => { finish(row); row.hidden = isBlank(row); });
  box.append(add);
});
