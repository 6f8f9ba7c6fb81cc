// The deployment's variables and secrets, as the instances read them.

/** `CAISEY` is a JSON object with `authority` and `issuers` (docs/deploy.md); `CHECKPOINT_KEY` is a secret. */
export function configuration(env) {
  const told = typeof env.CAISEY === "string" ? JSON.parse(env.CAISEY) : env.CAISEY;
  return JSON.stringify({ ...told, checkpoint_key: env.CHECKPOINT_KEY ?? "" });
}
