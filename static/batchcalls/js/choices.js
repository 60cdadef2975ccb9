// Show only the parts whose data-when matches the selected option of data-choice.
"use strict";
document.querySelectorAll("[data-choice]").forEach((box) => {
  const show = () => {
    const value = box.querySelector("input:checked")?.value;
    document.querySelectorAll("[data-when]").forEach((part) => { part.hidden = part.dataset.when !== value; });
  };
  box.addEventListener("change", show);
  show();
});
