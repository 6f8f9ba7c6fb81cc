// The Worker: requests pass the front (WebAssembly, one instance per request at a time), which says what it needs; this brings it.

import module from "./control.wasm";
import { configuration } from "./configuration.js";
import { instantiate, json, pack, unpack } from "./instance.js";
import { published, verified } from "./keys.js";
import { ControlObject } from "./object.js";

const MAX_BODY_BYTES = 1 << 20;
/** The operator who moves an organisation here sends it in larger pieces. */
const MAX_PIECE_BYTES = 16 << 20;
/** An instance that has grown beyond this (a passphrase, a pack) is let go of: its memory would never shrink. */
const MAX_IDLE_BYTES = 16 << 20;
/** Objects that one object asks at the same time. */
const AT_ONCE = 32;
/** Instances at rest. */
const idle = [];

export default {
  async fetch(request, env) {
    try {
      const front = idle.pop() ?? instantiate(module, "front", configuration(env));
      const answer = await served(front, request, env);
      // One that trapped has thrown, and is not used again.
      if (idle.length < 4 && front.memoryBytes() <= MAX_IDLE_BYTES) idle.push(front);
      return answer;
    } catch (error) {
      console.error(`a request failed: ${error?.stack ?? error}`);
      const detail = "The request failed unexpectedly; whether it was done is in the record. The control plane's log says why.";
      return Response.json({ code: "internal", detail, retry_after_ms: 1000 }, { status: 503, headers: { "retry-after": "1" } });
    }
  },
};

async function served(front, request, env) {
  const url = new URL(request.url);
  const most = url.pathname.startsWith("/operator/") ? MAX_PIECE_BYTES : MAX_BODY_BYTES;
  const { body, tooLong } = await bounded(request, most);
  const described = {
    method: request.method,
    path: url.pathname,
    origin: url.origin,
    query: Object.fromEntries(url.searchParams),
    authorization: request.headers.get("authorization"),
    content_type: request.headers.get("content-type"),
    user_agent: request.headers.get("user-agent"),
    upgrade: request.headers.get("upgrade")?.toLowerCase() === "websocket",
    longer_than: tooLong ? most : null,
    now: Date.now(),
  };
  const fresh = crypto.getRandomValues(new Uint8Array(32));
  let step = unpack(front.handle(pack([JSON.stringify(described), body, fresh])));
  for (;;) {
    const { s, ...need } = json(step.next().value);
    switch (s) {
      case "answer": {
        const empty = need.status === 204 || need.status === 303 || request.method === "HEAD";
        return new Response(empty ? null : step.next().value, { status: need.status, headers: need.status === 204 ? {} : need.headers });
      }
      case "file": {
        const found = await env.ASSETS.fetch(`https://assets/${need.path}`);
        if (found.ok) return new Response(request.method === "HEAD" ? null : found.body, { headers: need.headers });
        return Response.json({ code: "not_found", detail: "There is no such file." }, { status: 404 });
      }
      case "connect": {
        const headers = { upgrade: "websocket", "x-caisey": encodeURIComponent(JSON.stringify(need.attachment)) };
        return object(env, need).fetch("https://object/", { headers });
      }
      case "ask": {
        const { status, body } = await object(env, need).ask(step.next().value.slice());
        step = unpack(front.handle(pack([String(status), body])));
        break;
      }
      case "fetch": {
        const found = await published(need.url, need.fresh);
        step = unpack(front.handle(pack([found === undefined ? "503" : "200", found ?? ""])));
        break;
      }
      case "verify": {
        const holds = await verified(need, step.next().value.slice(), step.next().value.slice());
        step = unpack(front.handle(pack([holds ? "200" : "422"])));
        break;
      }
    }
  }
}

function object(env, { object, name }) {
  const namespace = object === "organisation" ? env.ORGANISATION : env.ENDPOINT;
  return namespace.get(namespace.idFromName(name));
}

/** The whole body, or as much as shows that it is too long. */
async function bounded(request, most) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > most) return { body: "", tooLong: true };
    chunks.push(chunk);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return { body, tooLong: false };
}

/** One endpoint's log, sessions and actions, its runtime's connection and the consoles watching. */
export class EndpointObject extends ControlObject {
  part = "endpoint";
  #reports = new Map();
  #reporting;
  #urgent = false;
  #answers = [];
  #gathering;

  opened({ kind, conn, from }) {
    if (kind === "runtime") this.put({ t: "opened", conn });
    else this.put({ t: "watch", conn, from }, "");
  }

  watching({ conn, from }) {
    return { happening: { t: "watch", conn, from }, body: "" };
  }

  /** Asks the organisation what decides here. Whoever submits something compares revisions first, so a failure delays nothing but news. */
  async brief(letter) {
    try {
      const { status, body } = await this.#organisation().ask(letter);
      if (status === 200) await this.put({ t: "rules" }, body);
      else console.warn(`the organisation said nothing of what decides at an endpoint (${status})`);
    } catch (error) {
      console.warn(`the organisation could not be asked what decides at an endpoint: ${error}`);
    }
  }

  /** Something that decides was changed. */
  async hear() {
    await this.put({ t: "brief" });
  }

  /** Sends a letter to the mail provider, and tells what it answered. */
  async mail({ about, url, headers }, body) {
    let [status, said] = [null, ""];
    if (url !== null) {
      try {
        const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(40_000) });
        [status, said] = [answer.status, (await answer.text()).slice(0, 1000)];
      } catch (error) {
        [status, said] = [0, String(error?.message ?? error)];
      }
    }
    await this.put({ t: "mailed", ...about, status }, said);
  }

  #organisation() {
    const namespace = this.env.ORGANISATION;
    return namespace.get(namespace.idFromName(this.ctx.id.name.split("/")[0]));
  }

  /** The directory is told: at once of what people wait for, after a moment of growth. */
  report({ key, urgent }, report) {
    this.#reports.set(key, report);
    this.#urgent ||= urgent;
    if (urgent) this.#reporting ??= this.#tell();
    else this.#gather(250);
  }

  #gather(ms) {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      this.#reporting ??= this.#tell();
    }, ms);
  }

  /** Who hears that something is done also finds it in the directory. */
  settle(answer) {
    this.#answers.push(answer);
    queueMicrotask(async () => {
      await this.#reporting;
      for (const answer of this.#answers.splice(0)) answer();
    });
  }

  async #tell() {
    // All of this batch's, and those that people wait for and that come meanwhile.
    await null;
    do {
      this.#urgent = false;
      const reports = new Map(this.#reports);
      this.#reports.clear();
      if (!(await this.#told([...reports.values()]))) {
        for (const [key, report] of reports) if (!this.#reports.has(key)) this.#reports.set(key, report);
        this.#gather(2_000);
        break;
      }
    } while (this.#urgent);
    this.#reporting = undefined;
  }

  async #told(reports) {
    const organisation = this.ctx.id.name.split("/")[0];
    try {
      await this.#organisation().told(`["${organisation}",[${reports.join(",")}]]`);
      return true;
    } catch (error) {
      console.warn(`the directory could not be told: ${error}`);
      return false;
    }
  }
}

/** An organisation's members, clients, endpoints, sessions, and the consoles that watch its directory. */
export class OrganisationObject extends ControlObject {
  part = "organisation";

  opened({ conn, watching }) {
    this.put({ t: "watch", conn, from: 0 }, JSON.stringify(watching));
  }

  async told(reports) {
    const happening = { t: "report" };
    await this.put(happening, reports);
    if (happening.lost) throw new Error("it could not be recorded");
  }

  announce({ conns }, event) {
    for (const socket of this.sockets()) {
      if (conns.includes(socket.deserializeAttachment().conn)) this.say(socket, event);
    }
  }

  watchers() {
    const standings = this.sockets().map((socket) => socket.deserializeAttachment());
    return standings.filter(({ watching }) => watching !== undefined).map(({ conn, watching }) => [conn, watching.caller]);
  }

  /** Asks Endpoint objects for prompts that a console is to be shown, some at a time, and comes back with what they said. */
  async prompts({ conn, round, wanted }, letters) {
    const found = {};
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const some = wanted.slice(at, at + AT_ONCE).map(async ([name, action], number) => {
        found[action] = null;
        try {
          const { status, body } = await this.#endpoint(name).ask(letters[at + number]);
          if (status === 200) found[action] = json(body);
        } catch (error) {
          console.warn(`an endpoint could not be asked for a prompt: ${error}`);
        }
      });
      await Promise.all(some);
    }
    const watching = this.sockets().map((socket) => socket.deserializeAttachment()).find((standing) => standing.conn === conn)?.watching;
    if (watching !== undefined) await this.put({ t: "prompts", conn, round }, JSON.stringify({ watching, found }));
  }

  /** Lets Endpoint objects hear that something that decides was changed; those that cannot be reached hear of it when they are next used. */
  async hear({ names }) {
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const some = names.slice(at, at + AT_ONCE).map((name) => this.#endpoint(name).hear());
      await Promise.allSettled(some);
    }
  }

  #endpoint(name) {
    return this.env.ENDPOINT.get(this.env.ENDPOINT.idFromName(name));
  }
}
