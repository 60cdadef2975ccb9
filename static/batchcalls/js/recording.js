// Mark the turn of the transcript that the recording is at, and play from a turn's time. The keys
// are p (play or pause) and the arrows (5 seconds back or on), also while the player has no focus.
"use strict";
(() => {
  const player = () => document.querySelector("[data-recording] audio");
  const turns = () => [...document.querySelectorAll(".conversation [data-at]")];
  const step = 5;

  const prepare = () => {
    if (!player()) return;
    document.querySelector(".shortcut-help").hidden = document.body.dataset.shortcuts !== "on";
    for (const turn of turns()) {
      const time = turn.querySelector("span.at");
      if (!time) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "at link";
      button.textContent = time.textContent;
      button.setAttribute("aria-label", `Play from ${time.textContent}`);
      time.replaceWith(button);
    }
  };

  const follow = () => {
    const now = player()?.currentTime ?? 0;
    const heard = turns().filter((turn) => Number(turn.dataset.at) <= now + 0.25).pop();
    for (const turn of turns()) {
      if (turn === heard && !turn.hasAttribute("aria-current")) {
        turn.setAttribute("aria-current", "true");
        turn.scrollIntoView({ block: "nearest" });
      } else if (turn !== heard) turn.removeAttribute("aria-current");
    }
  };

  const listen = (seconds) => {
    const audio = player();
    audio.currentTime = Math.max(0, seconds);
    follow();
    return audio;
  };

  document.addEventListener("timeupdate", follow, true); // media events do not bubble
  document.addEventListener("click", (event) => {
    const turn = event.target.closest("button.at")?.closest("[data-at]");
    if (turn && player()) listen(Number(turn.dataset.at)).play();
  });
  document.addEventListener("keydown", (event) => {
    const audio = player();
    const isTyping = event.target.closest("input, select, textarea, audio, [contenteditable]");
    if (!audio || isTyping || document.body.dataset.shortcuts !== "on") return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "p") audio.paused ? audio.play() : audio.pause();
    else if (event.key === "ArrowLeft") listen(audio.currentTime - step);
    else if (event.key === "ArrowRight") listen(audio.currentTime + step);
    else return;
    event.preventDefault();
  });
  document.addEventListener("live:replaced", prepare);
  prepare();
})();
