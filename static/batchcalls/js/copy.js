// A button with data-copy copies that text to the clipboard and confirms it.
"use strict";
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return; // Copying is not allowed; the title still shows the whole text.
  }
  button.classList.add("copied");
  document.getElementById("live-status").textContent = "Copied.";
  setTimeout(() => button.classList.remove("copied"), 1200);
});
