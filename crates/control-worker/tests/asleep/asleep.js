// The Worker as it ships, but an Endpoint object does not keep itself in memory for a deadline that is seconds away, and an alarm for a deadline
// that is minutes away rings after seconds and sets the object's clock to what it was for. Only an alarm does: what is due by then was done by it.
// How often each object was made and woken is told at /objects.
import worker, { EndpointObject as Endpoint, OrganisationObject as Organisation } from "./index.js";

const RINGS_AFTER_MS = 14_000;
/** Deadlines from here on are far. */
const FAR_MS = 30_000;

/** By name: how often an object was made, how often its alarm rang early, what the next is for, and how far its clock is ahead. They outlive objects. */
const objects = new Map();

function known(name) {
  if (!objects.has(name)) objects.set(name, { made: 0, rang: 0, due: undefined, ahead: 0 });
  return objects.get(name);
}

export default {
  fetch(request, env) {
    if (new URL(request.url).pathname === "/objects") return Response.json(Object.fromEntries(objects));
    return worker.fetch(request, env);
  },
};

export class OrganisationObject extends Organisation {
  constructor(ctx, env) {
    super(ctx, env);
    known(ctx.id.name).made++;
  }
}

export class EndpointObject extends Endpoint {
  nearMs = 500;
  lookMs = Infinity;

  constructor(ctx, env) {
    super(ctx, env);
    known(ctx.id.name).made++;
  }

  now() {
    return Date.now() + known(this.ctx.id.name).ahead;
  }

  wakeAt(time) {
    const own = known(this.ctx.id.name);
    const far = time - this.now() >= FAR_MS;
    own.due = far ? time : undefined;
    super.wakeAt(far ? Date.now() + RINGS_AFTER_MS : time - own.ahead);
  }

  async alarm() {
    const own = known(this.ctx.id.name);
    if (own.due !== undefined) {
      own.rang++;
      own.ahead = own.due - Date.now();
      own.due = undefined;
    }
    return super.alarm();
  }
}
