# The store contract in a Durable Object, on the adapter that ships.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "contract", worker = .contract), (name = "objects", disk = (writable = true))],
  sockets = [(name = "http", http = (), service = "contract")],
);

const contract :Workerd.Worker = (
  modules = [
    (name = "contract.js", esModule = embed "contract.js"),
    (name = "instance.js", esModule = embed "../../worker/instance.js"),
    (name = "contract.wasm", wasm = embed "contract.wasm"),
  ],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [(className = "Contract", uniqueKey = "contract", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "CONTRACT", durableObjectNamespace = "Contract")],
);
