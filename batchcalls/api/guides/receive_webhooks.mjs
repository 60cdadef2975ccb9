// Needs Node.js 20 or later.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

// The secret on the endpoint's page, or at /api/v1/webhook-endpoints/ID/secret.
const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace("whsec_", ""), "base64");
const processed = new Set(); // in your database

function isSigned(headers, body) {
  const [id, timestamp] = [headers["webhook-id"], headers["webhook-timestamp"]];
  if (!id || !(Math.abs(Date.now() / 1000 - Number(timestamp)) < 300)) {
    return false;
  }
  const expected = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest();
  // There are two signatures while a secret is being replaced.
  return (headers["webhook-signature"] ?? "").split(" ").some((signature) => {
    const given = Buffer.from(signature.replace("v1,", ""), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isSigned(request.headers, body)) {
    response.writeHead(401).end();
    return;
  }
  // A message can arrive more than once, with the same ID.
  if (!processed.has(request.headers["webhook-id"])) {
    const message = JSON.parse(body);
    console.log(message.type, message.data.status);
    processed.add(request.headers["webhook-id"]);
  }
  response.writeHead(204).end();
}).listen(Number(process.env.PORT ?? 8000), "127.0.0.1");
