// Swagger's dark theme is a class of the document. It follows the theme chosen for our pages, or
// else the system's.
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

// Swagger adds content above the guides and the table of call settings later, so scroll to them again
// after that. Swagger rewrites the hash, so read it now.
const wanted = window.location.hash.slice(1);
document.addEventListener("DOMContentLoaded", () => {
  const target = document.querySelector(".api-settings[id]") && document.getElementById(wanted);
  if (!target) {
    return;
  }
  const watcher = new MutationObserver(() => {
    if (document.querySelector("#swagger-ui .opblock")) {
      watcher.disconnect();
      window.requestAnimationFrame(() => target.scrollIntoView());
    }
  });
  watcher.observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });
});
