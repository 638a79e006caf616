// @ts-check
// A scimd server for tests: a process of its own, a tenant for each test. It needs the
// program scimd, on the PATH or where the variable SCIMD says, and no package.
//
// The types stand in comments, which TypeScript checks as it does its own syntax, so
// that every version of Node from 20 on runs the file as it is.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * An entry of the journal; docs/testing.md lists all its members.
 * @typedef {{method: string, path: string, operation: string, resourceType?: string, id?: string, status: number, why?: {rule: string, detail?: string}}} Entry
 */

/** An isolated tenant: base and token are for the client that is tested. */
export class Tenant {
  #server;

  /**
   * @param {Scimd} server
   * @param {{name: string, baseUrls: string[], firstToken: {token: string}}} made
   */
  constructor(server, made) {
    this.#server = server;
    this.name = made.name;
    this.base = made.baseUrls[0];
    this.token = made.firstToken.token;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @param {string} [media] */
  control(method, path, body, media) {
    return this.#server.control(method, `/tenants/${this.name}${path}`, body, media);
  }

  /** @param {string} text a seed in YAML or JSON */
  seed(text) {
    return this.control("POST", "/seed", text, "application/yaml");
  }

  /** @param {object} rule as docs/testing.md describes it */
  fault(rule) {
    return this.control("POST", "/faults", rule);
  }

  /**
   * Gives the requests that match as soon as there are count.
   * @param {number} count @param {Record<string, string>} filter
   * @returns {Promise<Entry[]>}
   */
  async waitFor(count, filter) {
    const query = new URLSearchParams({ ...filter, count: String(count), timeout: "5s" });
    const page = await this.control("GET", `/journal/wait?${query}`);
    if (!page.complete) throw new Error(`${page.matched} of ${count} requests came: ${query}`);
    return page.entries;
  }

  delete() {
    return this.control("DELETE", "");
  }
}

/** The process. It ends with this one, however that ends: its standard input closes. */
export class Scimd {
  #process;
  #dir;

  /** @param {import("node:child_process").ChildProcess} process @param {string} dir @param {{controlUrl: string, controlToken: string}} ready */
  constructor(process, dir, ready) {
    this.#process = process;
    this.#dir = dir;
    this.ready = ready;
  }

  static async start() {
    const dir = await mkdtemp(join(tmpdir(), "scimd-"));
    const file = join(dir, "ready.json");
    const child = spawn(
      process.env.SCIMD ?? "scimd",
      ["serve", "--ephemeral", "--addr", "127.0.0.1:0", "--control-addr", "127.0.0.1:0",
        "--ready-file", file, "--exit-when-stdin-closes", "--log-level", "warn"],
      { cwd: dir, stdio: ["pipe", "ignore", "inherit"] },
    );
    /** @type {Error | undefined} */
    let failed;
    child.on("error", (err) => (failed = err));
    for (const deadline = Date.now() + 30_000; ; await sleep(10)) {
      try {
        return new Scimd(child, dir, JSON.parse(await readFile(file, "utf8")));
      } catch {
        if (failed || child.exitCode !== null || Date.now() > deadline) {
          child.kill();
          await rm(dir, { recursive: true });
          throw failed ?? new Error("scimd did not start");
        }
      }
    }
  }

  /**
   * @param {string} method @param {string} path @param {unknown} [body] @param {string} [media]
   * @returns {Promise<any>}
   */
  async control(method, path, body, media = "application/json") {
    const resp = await fetch(this.ready.controlUrl + path, {
      method,
      headers: { Authorization: `Bearer ${this.ready.controlToken}`, "Content-Type": media },
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await resp.text();
    if (!resp.ok) throw new Error(`${method} ${path}: ${resp.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  async tenant() {
    return new Tenant(this, await this.control("POST", "/tenants", { expires: "10m" }));
  }

  async stop() {
    const ended = once(this.#process, "exit");
    this.#process.stdin?.end();
    await ended;
    await rm(this.#dir, { recursive: true });
  }
}
