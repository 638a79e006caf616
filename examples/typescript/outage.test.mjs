// @ts-check
// Tests of a provisioning function against scimd: node --test

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Scimd, Tenant } from "./scimd.mjs";

/**
 * What is tested: makes a user, and comes again when it is told to.
 * @param {string} base @param {string} token @param {string} userName
 * @returns {Promise<string>} the id
 */
async function provision(base, token, userName) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const resp = await fetch(`${base}/Users`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json" },
      body: JSON.stringify({ schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName }),
    });
    const answer = await resp.json();
    if (resp.status === 201) return answer.id;
    if (resp.status !== 429 && resp.status !== 503) throw new Error(answer.detail);
    await sleep(1000 * Number(resp.headers.get("Retry-After") ?? "0.1"));
  }
  throw new Error(`${userName} was not made`);
}

/** @type {Scimd} */
let scimd;
/** @type {Tenant} */
let tenant;

before(async () => { scimd = await Scimd.start(); });
after(() => scimd.stop());
beforeEach(async () => {
  tenant = await scimd.tenant();
  await tenant.seed("version: 1\nUsers:\n  - userName: grace@corp.example\n");
});
afterEach(() => tenant.delete());

test("a refused request is sent again", async () => {
  await tenant.fault({ match: { operations: ["create"] }, times: 1, act: { status: 503, retryAfter: 0 } });
  const made = await provision(tenant.base, tenant.token, "ada@corp.example");
  const [first, second] = await tenant.waitFor(2, { operation: "create", type: "User" });
  assert.deepEqual([first.status, second.status], [503, 201]);
  assert.equal(second.id, made);
});

test("a user who is there is not made again", async () => {
  await assert.rejects(provision(tenant.base, tenant.token, "grace@corp.example"));
  const [refused] = await tenant.waitFor(1, { operation: "create", status: "4xx" });
  assert.equal(refused.why?.rule, "uniqueness");
});
