// Keep parts of a page up to date. An element with data-live="URL" fetches that URL every
// data-live-seconds, as long as the response has data-live too. Each element of the response
// replaces the one with the same id, if its HTML has changed. Do not poll while the page is hidden,
// wait longer after errors, keep the focus, selected text and what was typed, and announce only
// changed text of data-live-say.
"use strict";
(() => {
  const LONGEST = 60;
  const AWAY = 10;
  const TOKEN = "input[name=csrfmiddlewaretoken]";
  const sent = new WeakMap(); // element -> the HTML that the server sent for it
  const timers = new Map(); // element -> [its timer, its tick]
  const problem = document.getElementById("live-problem");

  const watch = (element) => {
    if (timers.has(element)) return;
    let wait = Number(element.dataset.liveSeconds || 3);
    const again = (seconds) => timers.set(element, [setTimeout(tick, seconds * 1000), tick]);
    const tick = async () => {
      timers.delete(element);
      if (!element.isConnected) return;
      if (document.hidden) return again(wait);
      let answer, text;
      try {
        answer = await fetch(element.dataset.live, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
        if (answer.status >= 500) throw new Error(answer.status);
        text = await answer.text();
      } catch {
        if (wait > LONGEST / 8) say("offline");
        wait = Math.min(wait * 2, LONGEST);
        return again(wait);
      }
      if (answer.status === 401) {
        say("signed-out", text);
        return again(AWAY);
      }
      if (answer.redirected || !answer.ok) return say(answer.status === 404 ? "gone" : "");
      say("");
      update(text);
      const fresh = document.getElementById(element.id);
      if (!fresh?.dataset.live) return;
      wait = Number(fresh.dataset.liveSeconds || 3);
      if (fresh === element) again(wait);
      else watch(fresh);
    };
    again(wait);
  };

  const update = (text) => {
    const answer = new DOMParser().parseFromString(text, "text/html").body;
    // Signing in again, in another tab, changes the token of every form.
    const token = answer.querySelector(TOKEN)?.value;
    if (token) document.querySelectorAll(TOKEN).forEach((input) => { input.value = token; });
    for (const fresh of [...answer.children]) {
      const old = document.getElementById(fresh.id);
      if (old && !isInUse(old)) replace(old, fresh);
    }
  };

  const replace = (old, fresh) => {
    const html = withoutTokens(fresh);
    if (html === (sent.get(old) ?? withoutTokens(old))) return sent.set(old, html);
    const said = old.dataset.liveSay;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    for (const one of old.querySelectorAll("details[open][id]")) same(fresh, one)?.setAttribute("open", "");
    for (const one of old.querySelectorAll("input[id], textarea[id], select[id]")) keep(one, same(fresh, one));
    const caret = focused && [focused.selectionStart, focused.selectionEnd];
    sent.set(fresh, html);
    old.replaceWith(fresh);
    if (focused) {
      const heir = focused.id ? same(fresh, focused) : find(fresh, focused);
      heir?.focus({ preventScroll: true });
      if (heir && Number.isInteger(caret[0])) heir.setSelectionRange(...caret);
    }
    if (fresh.dataset.liveSay && fresh.dataset.liveSay !== said) {
      document.getElementById("live-status").textContent = fresh.dataset.liveSay;
    }
    document.dispatchEvent(new CustomEvent("live:replaced", { detail: fresh }));
    if (fresh.dataset.live) watch(fresh);
    fresh.querySelectorAll("[data-live]").forEach(watch);
  };

  // A masked token differs each time it is rendered.
  const withoutTokens = (element) => element.outerHTML.replace(/(name="csrfmiddlewaretoken" value=)"\w+"/g, "$1");
  const same = (root, one) => root.querySelector(`#${CSS.escape(one.id)}`);
  const find = (root, old) =>
    [...root.querySelectorAll(old.tagName)].find(
      (one) => (old.href && one.href === old.href) || (old.dataset.copy && one.dataset.copy === old.dataset.copy),
    );
  // Take over what was entered in a field.
  const keep = (from, to) => {
    if (!to) return;
    if (from.matches("[type=checkbox], [type=radio]")) to.checked = from.checked === from.defaultChecked ? to.checked : from.checked;
    else if (from.options || from.value !== from.defaultValue) to.value = from.value;
  };
  // Somebody reads an open part, is about to copy what they selected, or is in the middle of a click.
  let pressed = null;
  document.addEventListener("pointerdown", (event) => { pressed = event.target; }, true);
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, () => setTimeout(() => { pressed = null; }), true);
  }
  const isInUse = (element) => {
    const selection = document.getSelection();
    return element.contains(pressed) || element.querySelector("details[open].keep") || (!selection.isCollapsed && selection.containsNode(element, true));
  };

  // Say why the page does not update; without a kind, that it does again.
  const say = (kind, text) => {
    if (!problem || problem.dataset.kind === kind) return;
    problem.dataset.kind = kind;
    problem.hidden = !kind;
    for (const one of problem.children) one.hidden = one.dataset.kind !== kind;
    if (text) problem.querySelector(`[data-kind="${kind}"] strong`).textContent = text;
  };

  document.querySelectorAll("[data-live]").forEach(watch);
  // Whoever comes back sees what is true now.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const [timer, tick] of [...timers.values()]) {
      clearTimeout(timer);
      tick();
    }
  });
  // A form that is sent while nobody is signed in would lose its file.
  document.addEventListener("submit", (event) => {
    if (problem?.dataset.kind !== "signed-out" || event.target.method !== "post") return;
    if (!event.target.querySelector("input[type=file]")) return;
    event.preventDefault();
    problem.focus();
  });
})();
