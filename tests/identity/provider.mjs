// A certified OpenID provider (npm oidc-provider) as an identity provider of an MSP would be set up: one public native client for consoles,
// PKCE, refresh tokens that rotate, access tokens as JWTs for the control plane that was asked for, with the organisation in them.
//
// Prints one line of JSON with its issuer when it listens. Ends with its standard input.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const PEOPLE = {
  ana: { name: 'Ana Ruiz', o: { id: 'org_northstar', rol: 'technician', slg: 'northstar' } },
  priya: { name: 'Priya Raman', o: { id: 'org_northstar', rol: 'owner', slg: 'northstar' } },
  stranger: { name: 'Sam Stranger', o: { id: 'org_elsewhere', rol: 'owner', slg: 'elsewhere' } },
  guest: { name: 'Gil Guest', o: { id: 'org_northstar', rol: 'member', slg: 'northstar' } },
};

const server = createServer();
await new Promise((listening) => server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'caisey-console',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      // RFC 8252 §7.3: a native client's loopback redirect fits on any port.
      redirect_uris: ['http://127.0.0.1/signed-in'],
    },
  ],
  jwks: { keys: [{ ...key, kid: 'first', use: 'sig', alg: 'RS256' }] },
  cookies: { keys: ['not a secret: this provider lives for one test'] },
  scopes: ['openid', 'offline_access'],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  extraTokenClaims: (_, token) => PEOPLE[token.accountId],
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({ audience: resource, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'RS256' } } }),
    },
  },
});
server.on('request', provider.callback());
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
process.stdin.resume().on('end', () => process.exit(0));
