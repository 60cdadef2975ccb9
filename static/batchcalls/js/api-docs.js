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
