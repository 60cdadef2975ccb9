// Replace an element with data-live="URL" by the response of that URL, every data-live-seconds, as
// long as the response has data-live too. Do not poll while the page is hidden, wait longer after
// errors, keep the focus, and announce only changed text of data-live-say.
"use strict";
(() => {
  const longest = 60;
  const watch = (element) => {
    let wait = Number(element.dataset.liveSeconds || 3);
    const again = () => setTimeout(tick, wait * 1000);
    const tick = async () => {
      if (!element.isConnected) return;
      if (document.hidden || element.contains(document.querySelector("details[open].keep"))) {
        again();
        return;
      }
      let text;
      try {
        const answer = await fetch(element.dataset.live, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
        if (answer.redirected || [401, 403, 404].includes(answer.status)) return;
        if (!answer.ok) throw new Error(answer.status);
        text = await answer.text();
      } catch {
        wait = Math.min(wait * 2, longest);
        again();
        return;
      }
      replace(element, text);
    };
    again();
  };
  const replace = (element, text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").body.firstElementChild;
    if (!fresh) return;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const open = [...element.querySelectorAll("details[open][id]")].map((one) => one.id);
    const said = element.dataset.liveSay;
    element.replaceWith(fresh);
    for (const id of open) fresh.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    if (focused) {
      const same = focused.id ? fresh.querySelector(`#${CSS.escape(focused.id)}`) : find(fresh, focused);
      same?.focus({ preventScroll: true });
    }
    if (fresh.dataset.liveSay && fresh.dataset.liveSay !== said) {
      document.getElementById("live-status").textContent = fresh.dataset.liveSay;
    }
    document.dispatchEvent(new CustomEvent("live:replaced", { detail: fresh }));
    if (fresh.dataset.live) watch(fresh);
    fresh.querySelectorAll("[data-live]").forEach(watch);
  };
  const find = (root, old) =>
    [...root.querySelectorAll(old.tagName)].find(
      (one) => (old.href && one.href === old.href) || (old.dataset.copy && one.dataset.copy === old.dataset.copy),
    );
  document.querySelectorAll("[data-live]").forEach(watch);
})();
