// Put a copy of the text with its {{variables}} marked behind a text area with data-prompt.
"use strict";
document.querySelectorAll("textarea[data-prompt]").forEach((area) => {
  const frame = document.createElement("div");
  frame.className = "marked-text";
  const behind = document.createElement("div");
  behind.className = "behind";
  behind.setAttribute("aria-hidden", "true");
  area.replaceWith(frame);
  frame.append(behind, area);
  const show = () => {
    behind.replaceChildren();
    // A pair of braces, or an opening one that is never closed.
    for (const part of area.value.split(/(\{\{[^{}]*\}\}|\{\{)/)) {
      if (part.startsWith("{{")) {
        const mark = document.createElement("mark");
        mark.textContent = part;
        if (!part.endsWith("}}")) mark.className = "broken";
        behind.append(mark);
      } else behind.append(part);
    }
    behind.append("\n");
    follow();
  };
  const follow = () => { behind.scrollTop = area.scrollTop; };
  area.addEventListener("input", show);
  area.addEventListener("scroll", follow);
  show();
});
