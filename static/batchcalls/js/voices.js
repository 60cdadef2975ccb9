// Offer the voices of the chosen account for the field that names one, or those of all accounts
// where none is chosen.
"use strict";
(() => {
  const account = document.getElementById("id_account");
  const list = document.getElementById("voices");
  if (!list) return;
  const seen = new Set([...list.options].map((one) => one.value));
  const load = async () => {
    const query = account ? `?account=${encodeURIComponent(account.value)}` : "";
    const url = `${list.dataset.voicesUrl}${query}`;
    const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const { voices } = await answer.json();
    for (const [name, description] of voices) {
      if (seen.has(name)) continue;
      seen.add(name);
      const option = document.createElement("option");
      option.value = name;
      option.textContent = description;
      list.append(option);
    }
  };
  account?.addEventListener("change", load);
  document.querySelector("[list=voices]")?.addEventListener("focus", load, { once: true });
})();
