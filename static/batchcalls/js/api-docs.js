// Swagger's own dark theme is a class of the document: it follows what was chosen for our pages,
// or else the system.
const system = window.matchMedia("(prefers-color-scheme: dark)");
const follow = () => {
  const chosen = window.localStorage.getItem("theme");
  const isChosen = chosen === "dark" || chosen === "light";
  const isDark = isChosen ? chosen === "dark" : system.matches;
  document.documentElement.classList.toggle("dark-mode", isDark);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
};
system.addEventListener("change", follow);
follow();

// The table of call settings stands below what Swagger adds later: go there again once it has.
// Swagger rewrites the hash, so it is read now.
const isWanted = window.location.hash === "#call-settings";
document.addEventListener("DOMContentLoaded", () => {
  if (!isWanted) {
    return;
  }
  const target = document.getElementById("call-settings");
  const watcher = new MutationObserver(() => {
    if (document.querySelector("#swagger-ui .opblock")) {
      watcher.disconnect();
      window.requestAnimationFrame(() => target.scrollIntoView());
    }
  });
  watcher.observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
});
