// One WebAssembly instance: parcels in, parcels out, and the SQL of the object that it is. Decides nothing.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ROLL_BACK = Symbol("roll back");

/** Packs items (texts or bytes) into a parcel: each with its length in front. */
export function pack(items) {
  const parts = items.map((item) => (typeof item === "string" ? encoder.encode(item) : item));
  const out = new Uint8Array(parts.reduce((size, part) => size + 4 + part.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
  return out;
}

/** The items of a parcel, as bytes. */
export function* unpack(parcel) {
  const view = new DataView(parcel.buffer, parcel.byteOffset, parcel.byteLength);
  for (let at = 0; at < parcel.length; ) {
    const length = view.getUint32(at, true);
    yield parcel.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
}

export const lengthBytes = (text) => encoder.encode(text).length;
export const text = (bytes) => decoder.decode(bytes);
export const json = (bytes) => JSON.parse(decoder.decode(bytes));

/** Makes an instance of `module` that is this `part`; `storage` is the object's, and absent at the front. */
export function instantiate(module, part, configuration, storage) {
  const instance = new Instance(module, storage);
  const wrong = text(instance.call("init", pack([JSON.stringify(part), configuration])));
  if (wrong !== "") throw new Error(`this deployment cannot start: ${wrong}`);
  return instance;
}

export class Instance {
  #exports;
  #storage;
  #answer = new Uint8Array();

  constructor(module, storage, log = console.warn) {
    this.#storage = storage;
    const host = {
      sql: (at, length) => (this.#answer = this.#sql(this.#bytes(at, length))).length,
      take: (at) => this.#bytes(at, this.#answer.length).set(this.#answer),
      tx: () => this.#transaction(),
      size: () => this.#storage.sql.databaseSize,
      log: (at, length) => log(text(this.#bytes(at, length))),
    };
    this.#exports = new WebAssembly.Instance(module, { host }).exports;
  }

  /** Takes a parcel and returns one. A trap leaves the instance useless: let go of it. */
  handle(parcel) {
    return this.call("handle", parcel);
  }

  run(name) {
    this.#exports[name]();
  }

  call(name, parcel) {
    const at = this.#exports.take_room(parcel.length);
    this.#bytes(at, parcel.length).set(parcel);
    const answer = this.#exports[name](at, parcel.length);
    const length = new DataView(this.#exports.memory.buffer).getUint32(answer, true);
    const copy = this.#bytes(answer + 4, length).slice();
    this.#exports.give_room(answer, length + 4);
    return copy;
  }

  memoryBytes() {
    return this.#exports.memory.buffer.byteLength;
  }

  #bytes(at, length) {
    return new Uint8Array(this.#exports.memory.buffer, at, length);
  }

  #transaction() {
    try {
      this.#storage.transactionSync(() => {
        if (this.#exports.tx_body() === 0) throw ROLL_BACK;
      });
      return 1;
    } catch (error) {
      if (error === ROLL_BACK) return 0;
      if (error instanceof WebAssembly.RuntimeError) throw error;
      console.warn(`a transaction failed: ${error}`);
      return 2;
    }
  }

  // How statements and rows are written is said in src/sql.rs.
  #sql(question) {
    try {
      const { script, statement, parameters } = read(question);
      const cursor = this.#storage.sql.exec(statement, ...parameters);
      return script ? written([], 0) : written(cursor.raw(), cursor.columnNames.length);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      return new Uint8Array([1, ...encoder.encode(String(error?.message ?? error))]);
    }
  }
}

function read(question) {
  const view = new DataView(question.buffer, question.byteOffset, question.byteLength);
  let at = 1;
  const bytes = () => {
    const length = view.getUint32(at, true);
    at += 4 + length;
    return question.subarray(at - length, at);
  };
  const number = () => view.getFloat64((at += 8) - 8, true);
  const statement = text(bytes());
  const parameters = [];
  while (at < question.length) {
    const tag = question[at++];
    if (tag === 0) parameters.push(null);
    else if (tag <= 2) parameters.push(number());
    else if (tag === 3) parameters.push(text(bytes()));
    else parameters.push(bytes().slice().buffer);
  }
  return { script: question[0] === 1, statement, parameters };
}

function written(rows, columns) {
  let out = new Uint8Array(1024);
  let view = new DataView(out.buffer);
  let at = 5;
  const room = (length) => {
    if (at + length <= out.length) return;
    const larger = new Uint8Array(Math.max(out.length * 2, at + length));
    larger.set(out);
    [out, view] = [larger, new DataView(larger.buffer)];
  };
  const put = (tag, bytes) => {
    room(5 + bytes.length);
    out[at] = tag;
    view.setUint32(at + 1, bytes.length, true);
    out.set(bytes, at + 5);
    at += 5 + bytes.length;
  };
  view.setUint32(1, columns, true);
  for (const row of rows) {
    for (const value of row) {
      if (value === null) {
        room(1);
        out[at++] = 0;
      } else if (typeof value === "number") {
        room(9);
        out[at] = Number.isInteger(value) ? 1 : 2;
        view.setFloat64(at + 1, value, true);
        at += 9;
      } else if (typeof value === "string") {
        put(3, encoder.encode(value));
      } else {
        put(4, new Uint8Array(value));
      }
    }
  }
  return out.subarray(0, at);
}
