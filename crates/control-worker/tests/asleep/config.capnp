# The control plane with Endpoint objects that have no time: near deadlines are nearer, and alarms ring early and set the clock.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "control", worker = .control),
    (name = "objects", disk = (writable = true)),
    (name = "assets", disk = (writable = false)),
    (name = "internet", network = (allow = ["local", "private"])),
  ],
  sockets = [(name = "http", http = (), service = "control")],
);

const control :Workerd.Worker = (
  modules = [
    (name = "asleep.js", esModule = embed "asleep.js"),
    (name = "index.js", esModule = embed "../../worker/index.js"),
    (name = "object.js", esModule = embed "../../worker/object.js"),
    (name = "instance.js", esModule = embed "../../worker/instance.js"),
    (name = "keys.js", esModule = embed "../../worker/keys.js"),
    (name = "configuration.js", esModule = embed "../../worker/configuration.js"),
    (name = "control.wasm", wasm = embed "../../worker/control.wasm"),
  ],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [
    (className = "EndpointObject", uniqueKey = "caisey-endpoint", enableSql = true),
    (className = "OrganisationObject", uniqueKey = "caisey-organisation", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "ENDPOINT", durableObjectNamespace = "EndpointObject"),
    (name = "ORGANISATION", durableObjectNamespace = "OrganisationObject"),
    (name = "CAISEY", fromEnvironment = "CAISEY"),
    (name = "CHECKPOINT_KEY", fromEnvironment = "CHECKPOINT_KEY"),
    (name = "MAIL_TOKEN", fromEnvironment = "MAIL_TOKEN"),
    (name = "OPERATOR_SECRET", fromEnvironment = "OPERATOR_SECRET"),
    (name = "ASSETS", service = "assets"),
  ],
);
