// The deployment's variables and secrets, as the instances read them.

/** `CAISEY` is a JSON object with `authority`, `issuers` and more (docs/deploy.md); `CHECKPOINT_KEY`, `MAIL_TOKEN` and
 * `OPERATOR_SECRET` are secrets. */
export function configuration(env) {
  const told = typeof env.CAISEY === "string" ? JSON.parse(env.CAISEY) : env.CAISEY;
  return JSON.stringify({ ...told, checkpoint_key: env.CHECKPOINT_KEY ?? "", mail_token: env.MAIL_TOKEN ?? "", operator_secret: env.OPERATOR_SECRET ?? "" });
}
