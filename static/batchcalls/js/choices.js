// Of the parts with data-when, only those of the chosen answer of data-choice are shown.
"use strict";
document.querySelectorAll("[data-choice]").forEach((box) => {
  const show = () => {
    const value = box.querySelector("input:checked")?.value;
    document.querySelectorAll("[data-when]").forEach((part) => { part.hidden = part.dataset.when !== value; });
  };
  box.addEventListener("change", show);
  show();
});
