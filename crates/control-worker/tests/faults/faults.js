// The Worker as it ships, but Endpoint objects' SQL fails when it is to store a text that says how.
import worker, { EndpointObject as Endpoint, OrganisationObject } from "./index.js";

export default worker;
export { OrganisationObject };

export class EndpointObject extends Endpoint {
  storage() {
    const real = this.ctx.storage;
    return {
      transactionSync: (body) => real.transactionSync(body),
      sql: {
        get databaseSize() {
          return real.sql.databaseSize;
        },
        exec(statement, ...parameters) {
          if (statement.startsWith("INSERT INTO texts")) {
            // What a panic does to whoever called: an exception that only a trap makes.
            if (parameters.includes("please trap")) throw new WebAssembly.RuntimeError("unreachable");
            if (parameters.includes("please fill the disk")) throw new Error("database or disk is full: SQLITE_FULL");
          }
          return real.sql.exec(statement, ...parameters);
        },
      },
    };
  }
}
