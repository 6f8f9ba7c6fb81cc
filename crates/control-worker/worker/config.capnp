# The control plane on workerd itself, without Cloudflare: for tests, and for whoever wants to run it so.
#
#   workerd serve config.capnp --directory-path=objects=DIR --directory-path=assets=../assets --socket-addr=http=127.0.0.1:8787
#
# with CAISEY, CHECKPOINT_KEY and, for mail, MAIL_TOKEN in the environment (docs/deploy.md).

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "control", worker = .control),
    (name = "objects", disk = (writable = true)),
    (name = "assets", disk = (writable = false)),
    # "local" and "private": an identity provider may be on this computer or in this network.
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", http = (), service = "control")],
);

const control :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "object.js", esModule = embed "object.js"),
    (name = "instance.js", esModule = embed "instance.js"),
    (name = "keys.js", esModule = embed "keys.js"),
    (name = "configuration.js", esModule = embed "configuration.js"),
    (name = "control.wasm", wasm = embed "control.wasm"),
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
