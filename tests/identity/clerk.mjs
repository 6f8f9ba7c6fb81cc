// Clerk's own code (npm @clerk/backend) on tokens: `read TOKEN` verifies one with the key in CLERK_PEM and prints what Clerk's SDK makes of
// it; `sign CLAIMS` signs claims with the key in CLERK_PRIVATE_PEM as Clerk's SDK does and prints the token.
import { verifyToken } from '@clerk/backend';
import { signJwt } from '@clerk/backend/jwt';
import { signedInAuthObject } from '@clerk/backend/internal';
import { createPrivateKey } from 'node:crypto';

const [, , what, given] = process.argv;
if (what === 'read') {
  const claims = await verifyToken(given, { jwtKey: process.env.CLERK_PEM, authorizedParties: ['https://console.example'] });
  const { userId, orgId, orgRole, orgSlug } = signedInAuthObject({}, given, claims);
  process.stdout.write(JSON.stringify({ userId, orgId, orgRole, orgSlug }));
} else {
  const key = createPrivateKey(process.env.CLERK_PRIVATE_PEM).export({ format: 'jwk' });
  const signed = await signJwt(JSON.parse(given), key, { algorithm: 'RS256', header: { typ: 'JWT', kid: 'r' } });
  process.stdout.write(typeof signed === 'string' ? signed : signed.data);
}
