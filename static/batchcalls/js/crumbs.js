// Where the path to a page is shortened for want of room, its title says it whole.
"use strict";
for (const crumb of document.querySelectorAll(".breadcrumbs, .breadcrumbs a")) {
  crumb.title = crumb.textContent.replace(/\s+/g, " ").trim();
}
