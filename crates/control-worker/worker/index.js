// The Worker: requests pass the front (WebAssembly, one instance per request at a time), which says what it needs; this brings it.

import module from "./control.wasm";
import { configuration } from "./configuration.js";
import { instantiate, json, pack, unpack } from "./instance.js";
import { published, verified } from "./keys.js";
import { ControlObject } from "./object.js";

const MAX_BODY_BYTES = 1 << 20;
/** Instances at rest. */
const idle = [];

export default {
  async fetch(request, env) {
    try {
      const front = idle.pop() ?? instantiate(module, "front", configuration(env));
      const answer = await served(front, request, env);
      // One that trapped has thrown, and is not used again.
      if (idle.length < 4) idle.push(front);
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
  const { body, tooLong } = await bounded(request);
  const described = {
    method: request.method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    authorization: request.headers.get("authorization"),
    upgrade: request.headers.get("upgrade")?.toLowerCase() === "websocket",
    too_long: tooLong,
    now: Date.now(),
  };
  let step = unpack(front.handle(pack([JSON.stringify(described), body])));
  for (;;) {
    const { s, ...need } = json(step.next().value);
    switch (s) {
      case "answer": {
        const empty = need.status === 204;
        return new Response(empty ? null : step.next().value, { status: need.status, headers: empty ? {} : need.headers });
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
async function bounded(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return { body: "", tooLong: true };
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
      const namespace = this.env.ORGANISATION;
      await namespace.get(namespace.idFromName(organisation)).told(`["${organisation}",[${reports.join(",")}]]`);
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

  announce({ client }, event) {
    for (const socket of this.sockets()) {
      const { client: only } = socket.deserializeAttachment();
      if (only === undefined || only === null || only === client) this.say(socket, event);
    }
  }
}

