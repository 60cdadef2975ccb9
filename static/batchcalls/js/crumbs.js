// If a breadcrumb is cut for lack of space, its title shows the whole text.
"use strict";
for (const crumb of document.querySelectorAll(".breadcrumbs, .breadcrumbs a")) {
  crumb.title = crumb.textContent.replace(/\s+/g, " ").trim();
}
