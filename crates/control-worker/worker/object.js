// What Endpoint and Organisation objects have in common: a queue of what happened, taken as one batch and one commit, and its effects.
//
// Nothing leaves before it is durable: the platform holds messages, answers and calls back until the writes before them are stored. An
// object's mistake costs the one who made it an error: the instance is let go, what was written is rolled back, the others are tried again.

import { DurableObject } from "cloudflare:workers";
import module from "./control.wasm";
import { instantiate, json, lengthBytes, pack, text, unpack } from "./instance.js";
import { configuration } from "./configuration.js";

const MAX_FRAME_BYTES = 1 << 20;
/** As many happenings as one commit takes. */
const BATCH = 64;
/** A deadline this near is kept by a timer, which costs no write; what waits for it is only in memory anyway. */
const NEAR_MS = 15_000;
/** An endpoint whose runtime is connected looks after itself this often, should the platform have dropped the connection silently. */
const LOOK_MS = 3_600_000;

export class ControlObject extends DurableObject {
  part = "";
  /** Tests have no time for these. */
  nearMs = NEAR_MS;
  lookMs = LOOK_MS;
  #instance;
  #queue = [];
  #flushing;
  #waiting = new Map();
  #numbers = 0;
  #failed;
  #sent = 0;
  #timer;
  #timerAt = Infinity;
  #alarmAt;

  constructor(ctx, env) {
    super(ctx, env);
    // Connections are numbered from the clock on, so that numbers that were stored before do not come again.
    this.#numbers = Date.now() * 1000;
  }

  /** Asks the object: a letter in, `{ status, body }` out. */
  async ask(letter) {
    const request = ++this.#numbers;
    const answered = new Promise((resolve) => this.#waiting.set(request, resolve));
    this.put({ t: "ask", request }, letter);
    return answered;
  }

  /** A WebSocket that the front let through. */
  async fetch(request) {
    const attachment = JSON.parse(decodeURIComponent(request.headers.get("x-caisey")));
    const { 0: client, 1: server } = new WebSocketPair();
    const conn = ++this.#numbers;
    const standing = { kind: attachment.kind, conn, opened: Date.now(), ...attachment.standing };
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment(standing);
    this.opened(standing);
    return new Response(null, { status: 101, webSocket: client });
  }

  async webSocketMessage(socket, message) {
    const { conn, kind } = socket.deserializeAttachment();
    if (kind !== "runtime") return this.put({ t: "heard", conn });
    const trouble = typeof message !== "string" ? "binary" : isLonger(message, MAX_FRAME_BYTES) ? "too_long" : undefined;
    return this.put({ t: "frame", conn, trouble }, trouble ? "" : message);
  }

  async webSocketClose(socket, code, _reason, wasClean) {
    const { conn, kind } = socket.deserializeAttachment();
    quietly(() => socket.close(code === 1005 || code === 1006 ? 1000 : code));
    return this.put({ t: "closed", conn, kind, clean: wasClean && code !== 1006 });
  }

  async webSocketError(socket) {
    const { conn, kind } = socket.deserializeAttachment();
    return this.put({ t: "closed", conn, kind, clean: false });
  }

  async alarm() {
    this.#alarmAt = Infinity;
    return this.put({ t: "wake" });
  }

  /** Queues a happening, and returns when it was handled. All that come in the same turn of the platform's loop share one commit. */
  put(happening, body) {
    this.#queue.push({ happening, body });
    // Not a microtask: others that arrived at the same time get into this batch.
    this.#flushing ??= new Promise((done) => setTimeout(() => done(this.#flush()), 0));
    return this.#flushing;
  }

  #flush() {
    this.#flushing = undefined;
    const all = this.#queue.splice(0);
    while (all.length > 0) this.#run(all.splice(0, BATCH));
  }

  #run(batch) {
    const lost = this.#try(batch);
    if (lost === undefined) return;
    const oneLetters = lost.cause === "failed" || lost.cause === "store_refused";
    if (batch.length > 1 && oneLetters) {
      for (const one of batch) this.#run([one]);
    } else {
      console.error(`a batch could not be recorded (${lost.cause}): ${lost.detail}`);
      this.#failed ??= { t: "failed", cause: lost.cause, since: Date.now() };
      for (const one of batch) this.#refuse(one, lost);
    }
  }

  /** Runs a batch; what was lost is told, and nothing of it is stored. */
  #try(batch) {
    let answer;
    try {
      if (this.#instance === undefined) {
        this.#instance = instantiate(module, this.part, configuration(this.env), this.storage());
        // A batch of its own: who asks first reads what it found.
        const lost = this.#try(this.#resumed(batch));
        if (lost !== undefined) return lost;
      }
      const around = { now: this.now(), alive: this.#alive(), name: this.ctx.id.name ?? "", watchers: this.watchers() };
      const items = [JSON.stringify(around), crypto.getRandomValues(new Uint8Array(32))];
      if (this.#failed) items.push(JSON.stringify(this.#failed));
      for (const { happening, body } of batch) {
        items.push(JSON.stringify(happening));
        if (body !== undefined) items.push(body);
      }
      answer = this.#instance.handle(pack(items));
    } catch (error) {
      this.#instance = undefined;
      return { cause: "failed", detail: String(error?.stack ?? error) };
    }
    const effects = unpack(answer);
    for (const item of effects) {
      const effect = json(item);
      if (effect.e === "lost") {
        this.#instance = undefined;
        return effect;
      }
      this.#failed = undefined;
      this.#carryOut(effect, effects);
    }
    return undefined;
  }

  #carryOut(effect, bodies) {
    const socket = effect.conn === undefined ? undefined : this.#socket(effect.conn);
    switch (effect.e) {
      case "send": {
        const frame = bodies.next().value;
        this.#sent = frame.length;
        this.say(socket, text(frame));
        break;
      }
      case "fail":
        this.say(socket, text(bodies.next().value));
        quietly(() => socket?.close(1000));
        break;
      case "close":
        quietly(() => socket?.close(1000));
        break;
      case "welcome":
        socket?.serializeAttachment({ ...socket.deserializeAttachment(), welcome: true });
        break;
      case "next":
        socket?.serializeAttachment({ ...socket.deserializeAttachment(), from: effect.from });
        // Nobody says how much of it waits to be taken: so history goes out at no more than 10 MB/s.
        setTimeout(() => this.put({ t: "drained", conn: effect.conn }), this.#sent / 10_000);
        break;
      case "answer": {
        const body = bodies.next().value.slice();
        this.settle(() => this.#answer(effect.request, { status: effect.status, body }));
        break;
      }
      case "brief":
        this.brief(bodies.next().value.slice());
        break;
      case "mail":
        this.mail(effect, bodies.next().value.slice());
        break;
      case "hear":
        this.hear(effect);
        break;
      case "prompts":
        this.prompts(effect, effect.wanted.map(() => bodies.next().value.slice()));
        break;
      case "report":
        this.report(effect, text(bodies.next().value));
        break;
      case "announce":
        this.announce(effect, text(bodies.next().value));
        break;
      case "state":
        this.#schedule(effect);
        break;
    }
  }

  #answer(request, answer) {
    this.#waiting.get(request)?.(answer);
    this.#waiting.delete(request);
  }

  /** Answers wait for nothing, unless an object says otherwise. */
  settle(answer) {
    answer();
  }

  report() {}
  announce() {}
  brief() {}
  mail() {}
  hear() {}
  prompts() {}
  /** Who watches the directory. */
  watchers() {
    return [];
  }

  /** What the instance's SQL runs on. */
  storage() {
    return this.ctx.storage;
  }

  /** Sends, unless the token with which the connection was opened has ended: its owner is told to come again with a fresh one. */
  say(socket, frame) {
    if (socket === undefined) return;
    const { until } = socket.deserializeAttachment();
    if (until !== undefined && until <= Date.now()) {
      const detail = "The identity token that opened this connection has expired. Connect again with a fresh one.";
      quietly(() => socket.send(JSON.stringify({ type: "error", code: "unauthenticated", detail })));
      return quietly(() => socket.close(1000));
    }
    quietly(() => socket.send(frame));
  }

  sockets() {
    return this.ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.READY_STATE_OPEN);
  }

  #socket(conn) {
    return this.sockets().find((socket) => socket.deserializeAttachment().conn === conn);
  }

  #alive() {
    return this.sockets().map((socket) => socket.deserializeAttachment().conn);
  }

  /**
   * A new instance knows nothing of connections: it looks whether those that it had are still there, watchers go on from where they were,
   * runtimes that had not proved themselves come again.
   */
  #resumed(batch) {
    const fresh = new Set(batch.map(({ happening }) => happening.conn));
    const again = [{ happening: { t: "wake" } }];
    for (const socket of this.sockets()) {
      const standing = socket.deserializeAttachment();
      if (fresh.has(standing.conn)) continue;
      if (standing.kind === "watch" && standing.from !== undefined) again.push(this.watching(standing));
      if (standing.kind === "runtime" && !standing.welcome) quietly(() => socket.close(1012));
    }
    return again;
  }

  #refuse({ happening }, lost) {
    happening.lost = true;
    const detail = `It could not be recorded, so it was not done: ${lost.people ?? "the control plane failed; its log says how"}.`;
    const refusal = { code: "not_recorded", detail, retry_after_ms: 1000 };
    if (happening.t === "ask") {
      this.#answer(happening.request, { status: 507, body: new TextEncoder().encode(JSON.stringify(refusal)) });
    } else if (happening.conn !== undefined && happening.t !== "closed") {
      const socket = this.#socket(happening.conn);
      this.say(socket, JSON.stringify({ type: "error", ...refusal }));
      quietly(() => socket?.close(1011));
    }
  }

  /** Near deadlines are timers, which also keep the object from being put away; others are alarms, which outlive it. */
  #schedule({ deadline, waiting, connected }) {
    const now = this.now();
    let near = waiting ? now + this.nearMs : Infinity;
    if (deadline !== null && deadline <= now + this.nearMs) near = Math.min(near, deadline);
    if (near < this.#timerAt || this.#timerAt < now) {
      clearTimeout(this.#timer);
      this.#timerAt = near;
      if (near < Infinity) this.#timer = setTimeout(() => this.#wake(), Math.max(0, near - now));
    }
    const far = Math.min(deadline === null ? Infinity : Math.max(deadline, now + this.nearMs), connected ? now + this.lookMs : Infinity);
    // An alarm that comes too early changes nothing and sets the next: so it is set only when there is none before.
    if (far < (this.#alarmAt ?? Infinity)) {
      this.#alarmAt = far;
      this.wakeAt(far);
    }
  }

  now() {
    return Date.now();
  }

  /** Wakes the object then, whether it is in memory or not. */
  wakeAt(time) {
    this.ctx.storage.setAlarm(time);
  }

  #wake() {
    this.#timerAt = Infinity;
    this.put({ t: "wake" });
  }
}

/** In UTF-8, as it travelled: a letter here has at most three bytes there, so that most are not counted. */
function isLonger(message, bytes) {
  return message.length > bytes || (message.length * 3 > bytes && lengthBytes(message) > bytes);
}

/** For connections that may be gone at any moment. */
function quietly(act) {
  try {
    act();
  } catch {
    // The other side is gone, and the object hears of it.
  }
}
