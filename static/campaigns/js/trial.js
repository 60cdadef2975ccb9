// Update the preview of the form's texts while typing. The server renders it without saving.
"use strict";
(() => {
  const box = document.querySelector("[data-trial-url]");
  if (!box) return;
  const form = box.closest("form");
  let waiting, asked = 0;
  const show = async () => {
    const mine = ++asked;
    const answer = await fetch(box.dataset.trialUrl, {
      method: "POST", body: new FormData(form), headers: { "X-Fragment": "1" }, credentials: "same-origin",
    }).catch(() => null);
    // Ignore a response that a newer request has overtaken.
    if (!answer?.ok || mine !== asked) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("trial");
    if (!fresh) return;
    const old = document.getElementById("trial");
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    for (const input of old.querySelectorAll("input")) {
      const same = [...fresh.querySelectorAll("input")].find((one) => one.name === input.name);
      if (same) same.value = input.value;
    }
    const place = focused ? [focused.name, focused.value, focused.selectionStart, focused.selectionEnd] : null;
    old.replaceWith(fresh);
    if (place) {
      const again = [...fresh.querySelectorAll("input")].find((one) => one.name === place[0]);
      if (again) {
        again.value = place[1];
        again.focus({ preventScroll: true });
        again.setSelectionRange(place[2], place[3]);
      }
    }
  };
  const later = () => { clearTimeout(waiting); waiting = setTimeout(show, 250); };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
})();
