// Runs the contract in a Durable Object and answers with what was said before a trap, or with "kept".
import { DurableObject } from "cloudflare:workers";
import module from "./contract.wasm";
import { Instance } from "./instance.js";

export default {
  async fetch(request, env) {
    return new Response(await env.CONTRACT.get(env.CONTRACT.idFromName("one")).run());
  },
};

export class Contract extends DurableObject {
  run() {
    const said = [];
    const instance = new Instance(module, this.ctx.storage, (line) => said.push(line));
    try {
      instance.run("contract");
      return "kept";
    } catch (error) {
      return `broken: ${said.join("\n")} (${error})`;
    }
  }
}
