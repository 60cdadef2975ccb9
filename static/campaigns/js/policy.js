/* Rows of a form: copy one into all below it, and add another. Without scripts, blank rows serve. */
document.querySelectorAll("[data-copy-down]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => {
    const rows = [...button.closest("[data-copy-row]").parentElement.querySelectorAll("[data-copy-row]")];
    const inputs = (row) => [...row.querySelectorAll('input:not([type="hidden"])')];
    const first = rows.indexOf(button.closest("[data-copy-row]"));
    rows.slice(first + 1).forEach((row) => {
      inputs(row).forEach((input, index) => {
        input.value = inputs(rows[first])[index]?.value ?? "";
        const spare = input.closest("details");
        if (spare && input.value) spare.open = true;
      });
    });
  });
});
document.querySelectorAll("[data-add-row]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => {
    const section = button.closest("[data-rows]");
    const prefix = section.dataset.rows;
    const total = section.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
    const last = [...section.querySelectorAll("[data-row]")].pop();
    const row = last.cloneNode(true);
    row.querySelectorAll(".errorlist").forEach((errors) => errors.remove());
    row.querySelectorAll("input").forEach((input) => {
      ["name", "id"].forEach((name) => {
        input[name] = input[name].replace(/-\d+-/, `-${total.value}-`);
      });
      if (!input.name.endsWith("-policy")) input.value = "";
    });
    total.value = Number(total.value) + 1;
    last.after(row);
    row.querySelector('input:not([type="hidden"])').focus();
  });
});
