// A certified OpenID provider (npm oidc-provider) with one web client, one machine, and nobody's real account.
// From the environment: MODULES (folder of node_modules), PORT, KEYS (its private keys), MACHINE (the machine's public
// key), REDIRECT. Says "ready" once it listens.
import { pathToFileURL } from 'node:url';

const { default: Provider } = await import(pathToFileURL(`${process.env.MODULES}/oidc-provider/lib/index.js`));
const { PORT, KEYS, MACHINE, REDIRECT } = process.env;
const API = 'urn:casusroute:api';

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  jwks: { keys: JSON.parse(KEYS) },
  cookies: { keys: ['only for this check'] },
  clients: [
    { client_id: 'web', client_secret: 'only-for-this-check', redirect_uris: [REDIRECT] },
    {
      client_id: 'crm', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [JSON.parse(MACHINE)] },
      redirect_uris: [], response_types: [], grant_types: ['client_credentials'],
    },
  ],
  pkce: { required: () => true },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client, asked) => (client.clientId === 'web' || asked ? API : undefined),
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'api', audience: 'casusroute', accessTokenTTL: 300, accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});
provider.listen(Number(PORT), '127.0.0.1', () => console.log('ready'));
