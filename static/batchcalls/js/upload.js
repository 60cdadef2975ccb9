// Step one: store the list as soon as it is chosen, and keep the figures beside the form current.
// The server renders both. Without scripts, the list is read when the form is sent.
"use strict";
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const chosen = form.querySelector("[data-chosen]");
  const panel = () => document.getElementById("list-panel");
  const parse = (text) => new DOMParser().parseFromString(text, "text/html");
  let waiting, asked = 0, reading = null, pressed = null;

  const glance = async () => {
    const url = panel().dataset.glanceUrl;
    if (!url) return;
    const mine = ++asked;
    const data = new FormData(form);
    data.delete(input.name);
    const answer = await fetch(url, { method: "POST", body: data, credentials: "same-origin" }).catch(() => null);
    // Ignore a response that a newer request has overtaken.
    if (!answer?.ok || answer.redirected || mine !== asked) return;
    const fresh = parse(await answer.text()).getElementById("beside");
    if (fresh) document.getElementById("beside").replaceWith(fresh);
  };
  const later = () => { clearTimeout(waiting); waiting = setTimeout(glance, 500); };

  const read = async () => {
    const name = input.files[0].name;
    const data = new FormData(form);
    data.set("read", "1");
    chosen.textContent = `Reading ${name}…`;
    const answer = await fetch(form.action, {
      method: "POST", body: data, headers: { "X-Fragment": "1" }, credentials: "same-origin",
    }).catch(() => null);
    const fresh = answer?.ok && !answer.redirected && parse(await answer.text()).getElementById("list-panel");
    if (!fresh) {
      // The file stays chosen, and is sent with the form.
      chosen.textContent = `Chosen: ${name}`;
      return;
    }
    panel().replaceWith(fresh);
    const failed = "failed" in fresh.dataset;
    input.value = "";
    chosen.textContent = failed ? `${name} could not be used.` : `Read ${name}.`;
    if (fresh.dataset.uploadUrl) {
      form.action = fresh.dataset.uploadUrl;
      history.replaceState(null, "", fresh.dataset.uploadUrl);
    }
    document.dispatchEvent(new CustomEvent("list:read"));
    glance();
  };

  input.addEventListener("change", () => {
    if (!input.files.length || reading) return;
    reading = read().finally(() => {
      reading = null;
      if (pressed) form.requestSubmit(pressed);
    });
  });
  form.addEventListener("submit", (event) => {
    if (!reading) return;
    // The list is on its way already; send the form when it has arrived.
    event.preventDefault();
    pressed = event.submitter;
  });
  form.addEventListener("input", later);
  form.addEventListener("change", later);
})();
