// Needs Node.js 20 or later.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const site = process.env.CALLS_URL; // such as https://calls.example.com
const key = { Authorization: `Bearer ${process.env.CALLS_KEY}` };

async function ask(method, url, { headers, ...options } = {}) {
  const response = await fetch(url, { method, headers: { ...key, ...headers }, ...options });
  if (!response.ok) {
    throw new Error(`${response.status}: ${(await response.json()).detail}`);
  }
  return response;
}

// Create a batch and check its list. No one is called yet.
const form = new FormData();
form.set("name", "October reminders");
form.set("prompt", "Remind {{Name}} of the appointment on {{Date}}.");
form.set("mapping", JSON.stringify({ Mobile: "phone_number", "Customer no.": "metadata.crm_id" }));
form.set("dry_run", "true");
form.set("file", new Blob([await readFile("customers.csv")]), "customers.csv");
const created = await ask("POST", `${site}/api/v1/batches`, {
  headers: { "Idempotency-Key": "october-list-javascript" },
  body: form,
});
const { links } = await created.json();

// A long list is checked in the background.
let checked;
while (!(checked = await (await ask("GET", links.dry_run)).json()).is_done) {
  await sleep(2000);
}
console.log("Now:", checked.report.now, "Later:", checked.report.later.count);
for (const row of checked.rejected.errors) {
  console.log(`Row ${row.row} is skipped: ${row.detail}`);
}

// Start calling, and wait for the end.
await ask("POST", `${links.self}/launch`);
while (!(await (await ask("GET", links.progress)).json()).is_over) {
  await sleep(2000);
}

// Read the results: your columns, then ours. `calls` has the transcripts.
console.log(await (await ask("GET", links.results)).text());
const calls = await (await ask("GET", `${links.calls}&fields=to,status,transcript`)).json();
for (const call of calls.results) {
  console.log(call.to, call.status, call.transcript.length, "turns");
}
