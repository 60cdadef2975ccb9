// The whole job through the client that openapi-typescript types.
import createClient from "openapi-fetch";
import type { components, paths } from "./calls_api.js";

declare const process: { env: { CALLS_URL: string; CALLS_KEY: string } };

const client = createClient<paths>({
  baseUrl: process.env.CALLS_URL,
  headers: { Authorization: `Bearer ${process.env.CALLS_KEY}` },
});

function read<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) {
    throw new Error(JSON.stringify(error));
  }
  return data;
}

function check(fact: boolean, ...told: unknown[]): void {
  if (!fact) {
    throw new Error(JSON.stringify(told));
  }
}

const recipients: components["schemas"]["RecipientRequest"][] = [
  { phone_number: "+12025550190", request_data: { name: "Emily" } },
  { phone_number: "+12025550193", request_data: { name: "Noah" } },
];
const batch = read(
  await client.POST("/api/v1/batches", {
    params: { header: { "Idempotency-Key": "typescript-client" } },
    body: { recipients, name: "TypeScript client", prompt: "Greet {{name}}.", dry_run: true },
  }),
);
const report = batch.dry_run?.report;
check(report !== undefined && report !== null && report.now + report.later.count === 2, batch);
const path = { id: batch.id };
check(read(await client.POST("/api/v1/batches/{id}/launch", { params: { path } })).launched_at !== null);
let progress: components["schemas"]["Progress"];
while (!(progress = read(await client.GET("/api/v1/batches/{id}/progress", { params: { path } }))).is_over) {
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const rows = read(
  await client.GET("/api/v1/batches/{batch_id}/recipients", { params: { path: { batch_id: batch.id } } }),
).results;
check(rows.map((row) => row.request_data.name).join() === "Emily,Noah", rows);
const results = read(
  await client.GET("/api/v1/batches/{id}/results", { params: { path }, parseAs: "text" }),
);
check(results.includes("answered_by"), results);
const calls = read(await client.GET("/api/v1/calls", { params: { query: { limit: 10 } } })).results.filter(
  (call) => call.batch === batch.id,
);
for (const { id = "" } of calls) {
  const call = read(await client.GET("/api/v1/calls/{call_id}", { params: { path: { call_id: id } } }));
  check((call.transcript?.[0]?.text ?? "") !== "", call);
}
const listed = await client.POST("/api/v1/do-not-call", {
  body: { phone_number: "+1 202 555 0178", reason: "Asked not to be called." },
});
check(read(listed).added === 1, listed);
const entry = read(
  await client.GET("/api/v1/do-not-call/{number}", { params: { path: { number: "+12025550178" } } }),
);
const answered = calls.map((call) => call.answered_by).sort();
console.log(`${progress.status}: ${answered.join(", ")}; ${entry.phone_number} is listed`);
