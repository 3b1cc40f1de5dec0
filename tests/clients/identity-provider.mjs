// A certified OpenID Connect provider on the loopback: node identity-provider.mjs PORT SERVER [AUTHENTICATION]
// It prints "ready" and ends with its input. Its keys are new each time. Whoever types a name at its sign-in page is that user; what it says of a user is in
// ACCOUNTS, which a POST to /test/accounts changes; null forgets one.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider, { interactionPolicy } from 'oidc-provider';

const [port, server, authentication = 'client_secret_basic'] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;
const accounts = new Map([
  ['ada', { name: 'Ada', preferred_username: 'ada', email: 'ada@example.org', roles: ['admins'] }],
  ['bob', { name: 'Bob', preferred_username: 'bob', email: 'bob@example.org', roles: ['staff'] }],
]);

// The server is on this machine: the library refuses such addresses unless it is told how to fetch. It would wait for no more than 2.5 s,
// which a server that is busy does not always keep.
const fetchLocally = (url, options) => fetch(url, { ...options, dispatcher: undefined, signal: AbortSignal.timeout(100_000) });

// Its users may choose among accounts, where they are asked to.
const policy = interactionPolicy.base();
policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }), 0);

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...key, kid: randomUUID(), use: 'sig', alg: 'RS256' }] },
  clientAuthMethods: [authentication],
  clients: [{
    client_id: 'beep-tests',
    client_secret: 'a:secret+with%2F strange/characters',
    redirect_uris: [`${server}/signin-oidc`],
    post_logout_redirect_uris: [`${server}/signout-callback-oidc`],
    backchannel_logout_uri: `${server}/backchannel-logout`,
    backchannel_logout_session_required: true,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: authentication,
  }],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'roles'], email: ['email'] },
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  cookies: { keys: ['not a secret: this provider is for tests alone'] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (context, form) => {
        context.body = `<!doctype html><title>Sign out</title><body>${form}<button autofocus type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button></body>`;
      },
      postLogoutSuccessSource: async (context) => { context.body = '<!doctype html><title>Signed out</title><p>Signed out.</p>'; },
    },
  },
  fetch: fetchLocally,
  findAccount: async (context, id) => (accounts.has(id) ? { accountId: id, claims: async () => ({ sub: id, ...accounts.get(id) }) } : undefined),
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  interactions: { policy, url: (context, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
});

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }

  return Buffer.concat(chunks).toString();
}

provider.use(async (context, next) => {
  if (context.path === '/test/accounts' && context.method === 'POST') {
    for (const [id, claims] of Object.entries(JSON.parse(await readBody(context.req)))) {
      if (claims === null) {
        accounts.delete(id);
      } else {
        accounts.set(id, { ...accounts.get(id), ...claims });
      }
    }

    context.status = 204;
    return;
  }

  if (!context.path.startsWith('/interaction/')) {
    await next();
    return;
  }

  const { req, res } = context;
  const { prompt, params, session } = await provider.interactionDetails(req, res);
  if (context.method === 'POST') {
    const name = new URLSearchParams(await readBody(req)).get('name');
    context.respond = false;
    await provider.interactionFinished(req, res, { login: { accountId: name }, select_account: {} }, { mergeWithLastSubmission: false });
    return;
  }

  if (prompt.name === 'consent') {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope('openid profile email offline_access');
    context.respond = false;
    await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
    return;
  }

  context.type = 'html';
  context.body = '<!doctype html><html lang="en"><title>Provider</title><h1>The provider</h1><form method="post"><label>Name <input name="name" autofocus></label><button type="submit">Continue</button></form></html>';
});

provider.on('server_error', (context, error) => console.error(error));
const listener = provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
process.stdin.resume();
process.stdin.on('end', () => { listener.close(); process.exit(0); });
