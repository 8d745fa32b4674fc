// The official npm client against the mock, unchanged. Starts the mock itself: PYTHON (default: the project's .venv).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import Replicate, { parseProgressFromLogs, validateWebhook } from "replicate";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const python = process.env.PYTHON ?? `${root}/.venv/bin/python`;
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAGUlEQVR4nGM8YaPBQApgIkn1qIZRDUNKAwDJRQFM191z5AAAAABJRU5ErkJggg==",
  "base64"
);

let mock, origin, replicate;

before(async () => {
  mock = spawn(python, ["-m", "mock_server", "--port", "0", "--delay", "0-0.05"], { cwd: root });
  mock.stderr.pipe(process.stderr);
  let printed = "";
  mock.stdout.on("data", (chunk) => (printed += chunk));
  while (!printed.includes("Ctrl+C")) await once(mock.stdout, "data");
  origin = printed.match(/http:\/\/127\.0\.0\.1:\d+/)[0];
  replicate = new Replicate({ auth: "r8_test", baseUrl: `${origin}/v1` });
});

after(async () => {
  mock.kill("SIGTERM");
  const [code] = await once(mock, "exit");
  assert.equal(code, 0);
});

async function scenario(fields) {
  const body = JSON.stringify(fields);
  const answer = await fetch(`${origin}/_mock/scenario`, { method: "PUT", body });
  assert.equal(answer.status, 200);
}

test("runs a model and reads the file it made", async () => {
  const seen = [];
  const output = await replicate.run("acme/any", { input: { prompt: "a cat" } }, (one) => seen.push(one.status));
  const bytes = Buffer.from(await (await output.blob()).arrayBuffer());
  assert.equal(bytes.subarray(0, 2).toString("hex"), "ffd8");
  assert.equal(seen[0], "processing");
});

test("polls instead of waiting, and hears of every state", async () => {
  const seen = new Set();
  const output = await replicate.run(
    "acme/any",
    { input: {}, wait: { mode: "poll", interval: 20 } },
    (one) => seen.add(one.status)
  );
  assert.ok(seen.has("starting") && seen.has("succeeded"));
  assert.match(output, /^http:\/\/127/);
});

test("gives a picture as a Buffer: it is uploaded, and found by the model", async () => {
  const model = await replicate.models.get("sczhou", "codeformer");
  const reference = `sczhou/codeformer:${model.latest_version.id}`;
  const output = await replicate.run(reference, { input: { image: PNG, upscale: 2 } });
  const blob = await output.blob();
  assert.equal(blob.type, "image/png");
  assert.equal(Buffer.from(await blob.arrayBuffer()).readUInt32BE(16), 32);
  assert.equal((await replicate.files.list()).results.length, 1);
});

test("streams a text, without a token on the stream", async () => {
  const events = [];
  for await (const event of replicate.stream("openai/o4-mini", { input: { prompt: "hello" } })) events.push(event);
  assert.match(events.join(""), /You asked: hello$/);
  assert.equal(events.at(-1).event, "done");
  assert.ok(events.every((event) => /^\d+:\d+$/.test(event.id)));
});

test("streams files as file objects", async () => {
  const files = [];
  for await (const event of replicate.stream("acme/any", { input: {} })) {
    if (event.event === "output") files.push(event.data);
  }
  assert.equal(files.length, 1);
  assert.equal((await files[0].blob()).type, "image/jpeg");
});

test("a failed stream ends with the error", async () => {
  await assert.rejects(async () => {
    for await (const _ of replicate.stream("openai/o4-mini", { input: { prompt: "[mock:nsfw]" } }));
  }, /NSFW/);
});

test("creates, waits, reads progress, lists, cancels", async () => {
  const created = await replicate.predictions.create({ version: "acme/any", input: { steps: 20 } });
  assert.equal(created.status, "starting");
  const ended = await replicate.wait(created, { interval: 20 });
  assert.equal(parseProgressFromLogs(ended).percentage, 1);
  assert.deepEqual(await replicate.predictions.get(created.id), ended);

  const held = await replicate.predictions.create({ model: "acme/any", input: { mock_scenario: "hold=starting" } });
  assert.equal((await replicate.predictions.cancel(held.id)).status, "canceled");
  const { results } = await replicate.predictions.list();
  assert.deepEqual(results.slice(0, 2).map((one) => one.id), [held.id, created.id]);
});

test("pages follow their absolute links", async () => {
  for (let number = 0; number < 101; number++) {
    await replicate.predictions.create({ version: "acme/any", input: { mock_scenario: "hold=starting" } });
  }
  const pages = [];
  for await (const page of replicate.paginate(replicate.predictions.list)) pages.push(page.length);
  assert.equal(pages[0], 100);
  assert.ok(pages.length >= 2);
  await fetch(`${origin}/_mock/reset`, { method: "POST" });
});

test("webhooks arrive signed, and the client's own check accepts them", async () => {
  const received = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), url: request.url });
      response.end();
      if (JSON.parse(received.at(-1).body).status === "succeeded") server.emit("final");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const final = once(server, "final");
  const webhook = `http://127.0.0.1:${server.address().port}/hook?job=1`;
  await replicate.predictions.create({
    version: "acme/any", input: {}, webhook, webhook_events_filter: ["start", "completed"],
  });
  await final;
  server.close();
  const { key } = await replicate.webhooks.default.secret.get();
  for (const { headers, body, url } of received) {
    const request = new Request("http://bot.example/", { method: "POST", headers, body });
    assert.ok(await validateWebhook(request, key));
    assert.equal(url, "/hook?job=1");
  }
  assert.deepEqual(received.map(({ body }) => JSON.parse(body).status), ["processing", "succeeded"]);
});

test("a refusal is an error with the real answer in it", async () => {
  await assert.rejects(replicate.predictions.create({ version: "0".repeat(64), input: {} }), (error) => {
    assert.equal(error.response.status, 422);
    return /Invalid version or not permitted/.test(error.message);
  });
  await scenario({ like: "no_credit" });
  await assert.rejects(replicate.run("acme/any", { input: {} }), /Insufficient credit/);
  await scenario({});
});

test("a throttled create is asked again", async () => {
  const body = JSON.stringify({ count: 2, scenario: { create_status: 429, retry_after_s: 1 } });
  await fetch(`${origin}/_mock/scenario/next`, { method: "POST", body });
  const prediction = await replicate.predictions.create({ version: "acme/any", input: {} });
  assert.equal(prediction.status, "starting");
});

test("the rest of the surface answers as typed", async () => {
  assert.equal((await replicate.accounts.current()).username, "mock");
  assert.ok((await replicate.hardware.list()).some((one) => one.sku === "cpu"));
  assert.equal((await replicate.models.search("gfpgan")).results[0].name, "gfpgan");
  assert.equal((await replicate.models.versions.list("google", "nano-banana")).results.length, 1);
  const { results } = await replicate.collections.list();
  assert.ok((await replicate.collections.get(results[0].slug)).models.length > 0);
  const file = await replicate.files.create(PNG, { customer: 7 });
  assert.deepEqual((await replicate.files.get(file.id)).metadata, { customer: 7 });
  assert.equal(await replicate.files.delete(file.id), true);
  const model = await replicate.models.get("sczhou", "codeformer");
  const wanted = { model: "sczhou/codeformer", version: model.latest_version.id, hardware: "cpu", min_instances: 0, max_instances: 1 };
  await replicate.deployments.create({ name: "mine", ...wanted });
  assert.equal((await replicate.deployments.update("mock", "mine", { max_instances: 2 })).current_release.number, 2);
  const deployed = await replicate.deployments.predictions.create("mock", "mine", { input: { image: PNG } });
  assert.equal((await replicate.wait(deployed, { interval: 20 })).status, "succeeded");
  assert.equal(await replicate.deployments.delete("mock", "mine"), true);
  await assert.rejects(replicate.trainings.get("x"), /404/);
});
