// Carries claims through the workflows of restate_claims.mjs, and prints the rate as JSON.
// Usage: node restate_load.mjs ADMIN_URL HANDLERS_URL INGRESS_URL IN_FLIGHT SECONDS
//
// It first tells the server at ADMIN_URL that the handlers are at HANDLERS_URL.
import http from "node:http";
import { randomUUID } from "node:crypto";

const [admin, handlers, ingress] = process.argv.slice(2, 5);
const [inFlight, seconds] = process.argv.slice(5).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 2 * inFlight });

const post = (url, body) =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const request = http.request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () =>
        response.statusCode < 300 ? resolve(text) : reject(new Error(`${url}: ${response.statusCode} ${text}`)),
      );
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });

await post(`${admin}/deployments`, { uri: handlers });
const start = performance.now();
const end = start + 1000 * seconds;
const durations = [];
const runLoop = async () => {
  while (performance.now() < end) {
    const [id, claimStart] = [randomUUID(), performance.now()];
    const run = post(`${ingress}/claim/${id}/run`);
    for (const act of ["evidence", "submit", "assign", "start", "approve", "consent"]) {
      await post(`${ingress}/claim/${id}/act`, act);
    }
    await run;
    durations.push(performance.now() - claimStart);
  }
};
await Promise.all(Array.from({ length: inFlight }, runLoop));
const elapsed = (performance.now() - start) / 1000;
durations.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    claims: durations.length,
    per_second: durations.length / elapsed,
    p50_ms: durations[Math.floor(durations.length / 2)] ?? null,
  }),
);
process.exit(0);
