// A local team submits a case, loses the answer, asks again, reads, and takes a step; a stale step is refused.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";
import { referral } from "./referral.js";

const baseUrl = process.argv[2];
const anybody = createClient<paths>({ baseUrl });
const token = await anybody.POST("/demonstration/tokens", { body: { person: "anna" } });
assert(token.data);
const anna = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token.data.accessToken}` } });

const submission = {
  params: { header: { "Idempotency-Key": crypto.randomUUID() } },
  body: { trigger: "submit", form: referral } satisfies components["schemas"]["SubmitBody"],
};
const made = await anna.POST("/cases", submission);
const again = await anna.POST("/cases", submission);
assert(made.data && again.data, JSON.stringify(made.error));
assert.equal(made.response.status, 201);
assert.equal(again.data.caseId, made.data.caseId);

const path = { caseId: made.data.caseId };
const read = await anna.GET("/cases/{caseId}", { params: { path } });
assert(read.data);
const version = read.response.headers.get("ETag");
assert(version);

const note = () =>
  anna.POST("/cases/{caseId}/transitions", {
    params: { path, header: { "Idempotency-Key": crypto.randomUUID(), "If-Match": version } },
    body: { trigger: "add_note", form: { text: "Moeder belde: het gaat iets beter." } },
  });
const step = await note();
const stale = await note();
assert(step.data, JSON.stringify(step.error));
assert.equal(step.response.headers.get("ETag"), '"2"');
assert(stale.error);
assert.equal(stale.response.status, 412);

const history = await anna.GET("/cases/{caseId}/transitions", { params: { path } });
assert.deepEqual(history.data?.transitions.map((it) => it.trigger), ["submit", "add_note"]);
const unseen = await anybody.GET("/cases/{caseId}", { params: { path } });
assert.equal(unseen.error?.code, "not_known");
console.log(`submitted once, read at ${version}, one step taken, one refused as ${stale.error.code}`);
