import {
  asksForNoToken,
  asksInVain,
  hopRefusesToken,
  hopTlsDiffers,
  notHttp,
  notOfLogin,
  ofForwardProxy,
  tokenRefusedWith,
} from '../../../src/probe/diagnose/predicates-hop.ts';
import { testMatches } from '../../support/matches.ts';

const url = 'http://registry.example/v2/';
const secure = 'https://registry.example/v2/';
const differs = 'TLS_error';
const goSays = 'Client sent an HTTP request to an HTTPS server.';
const tokenRefused = { evidence: { authProblem: 'token_refused' } } as const;

testMatches([
  [
    'a hop gives up where nothing of the registry is needed',
    asksInVain,
    [{ reason: 'response_timeout', status: 504, answeredBy: 'nginx' }, { bareFails: true }],
    [
      [{ reason: 'origin_unreachable' }],
      [{ status: 408 }],
      [{ answeredBy: 'registry' }],
      [{}, { bareFails: false }],
      [{}, { registryAnswered: true }],
      [{}, { direct: 'slow' }],
    ],
  ],
  [
    'squid is the forward proxy that answers',
    ofForwardProxy,
    [{ answeredBy: 'squid', evidence: { url } }, { throughProxy: true }],
    [[{}, { throughProxy: false }], [{ answeredBy: 'nginx' }], [{ evidence: { url: secure } }], [{ evidence: {} }]],
  ],
  [
    'a proxy without a name, where nothing comes through',
    ofForwardProxy,
    [
      { answeredBy: 'other', evidence: { url } },
      { throughProxy: true, bareFails: true, direct: 'ok' },
    ],
    [[{ answeredBy: 'caddy' }], [{}, { bareFails: false }], [{}, { registryAnswered: true }], [{}, { direct: 'same' }]],
  ],
  [
    'TLS differs behind what was asked over TLS',
    hopTlsDiffers,
    [{ status: 400, answeredBy: 'nginx', evidence: { url: secure, body: differs } }],
    [
      [{ status: undefined }],
      [{ evidence: { url, body: differs } }],
      [{ evidence: { url: secure, body: 'bad' } }],
      [{ evidence: { url: secure } }],
      [{ evidence: { body: differs } }],
    ],
  ],
  ['TLS differs behind a 500', hopTlsDiffers, [{ status: 500, evidence: { body: differs } }], [[{ status: 499 }]]],
  [
    'TLS differs behind a hop that adds headers to what Go says',
    hopTlsDiffers,
    [{ status: 400, evidence: { url, body: goSays, headers: { via: 'a' } } }],
    [[{ evidence: { url, body: goSays, headers: {} } }], [{ evidence: { url, body: goSays } }]],
  ],
  [
    'TLS differs behind, as others were told',
    hopTlsDiffers,
    [{ status: 400, evidence: { url, body: goSays } }, { plainBehind: true }],
    [[{}, { plainBehind: false }]],
  ],
  [
    'TLS differs behind, as is told',
    hopTlsDiffers,
    [{ status: 400, evidence: { url, body: goSays, tlsProblem: 'plain_http_behind' } }],
    [[{ evidence: { url, body: goSays, tlsProblem: 'plain_http' } }]],
  ],
  [
    'no HTTP at all',
    notHttp,
    [{ evidence: { code: 'UNREADABLE_ANSWER' } }, { bareFails: true }],
    [[{ evidence: { code: 'ECONNRESET' } }], [{}, { bareFails: false }], [{}, { registryAnswered: true }]],
  ],
  [
    'a token is refused with one of these',
    tokenRefusedWith(401, 403),
    [{ status: 403, ...tokenRefused }],
    [[{ status: 404 }], [{ status: undefined }], [{ evidence: {} }]],
  ],
  [
    'a hop refuses the token',
    hopRefusesToken,
    [{ status: 403, answeredBy: 'nginx', ...tokenRefused }],
    [
      [{ status: 401 }],
      [{ answeredBy: 'registry' }],
      [{ answeredBy: 'none' }],
      [{ answeredBy: 'other' }],
      [{ answeredBy: 'cloudflare' }],
      [{ answeredBy: 'cloudfront' }],
    ],
  ],
  [
    'only Basic is asked for',
    asksForNoToken,
    [{ evidence: { challenge: 'Basic realm="a"' } }],
    [
      [{ evidence: { challenge: 'Basic realm="a", Bearer realm="b"' } }],
      [{ evidence: { challenge: 'Negotiate' } }],
      [{ evidence: {} }],
    ],
  ],
  [
    'a hop’s refusal is not of the login',
    notOfLogin,
    [{ status: 403, answeredBy: 'nginx', ...tokenRefused }],
    [[{ status: 401 }]],
  ],
  ['404 is not', notOfLogin, [{ status: 404, ...tokenRefused }], [[{ evidence: {} }], [{ status: 403 }]]],
  ['405 is not', notOfLogin, [{ status: 405, ...tokenRefused }], []],
  ['410 is not', notOfLogin, [{ status: 410, ...tokenRefused }], []],
  ['429 is not', notOfLogin, [{ status: 429, ...tokenRefused }], [[{ status: 400 }]]],
]);
