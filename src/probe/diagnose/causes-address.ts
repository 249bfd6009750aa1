import { plainToTlsWords } from '../judge/words.ts';
import type { Cause } from './cause.ts';
import {
  either,
  entersTls,
  hasNoLocation,
  is,
  isNotAsked,
  isRedirect,
  leadsNowhere,
  leadsToStore,
  leavesTls,
  realmLeavesTls,
  says,
  tlsProblem,
} from './predicates.ts';

/** Words of a hop that wants a client certificate, for some requests alone or for all. */
const certificateWords =
  /no required ssl certificate was sent|certificate (?:is )?required|perform post-handshake authentication/i;

/** Addresses that lead elsewhere. */
export const addressCauses = {
  forwarded_proto_missing: {
    title: 'the registry does not know of the TLS in front of it and sends clients to http',
    hop: 'ingress',
    remedy:
      'Set `X-Forwarded-Proto` and `Host` at the proxy (nginx: `proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header Host $http_host;`), or the public URL in the registry (distribution `http.host`, Gitea `ROOT_URL`).',
    reference: 'https://github.com/distribution/distribution/issues/1177',
    explains: either(
      is('location_invalid', undefined, (f) => leavesTls(f) && !isRedirect(f)),
      is('client_refused_location', undefined, leavesTls),
      is('auth_challenge_bad', undefined, (f) => isNotAsked(f) && realmLeavesTls(f)),
    ),
    refutedBy: ['noSession'],
    provenBy: ['path', /\blocation: http:|\brealm="http:/],
    nextTest:
      '`curl -si URL/v2/` and `curl -si -X POST URL/v2/REPO/blobs/uploads/`: look at the realm of WWW-Authenticate, and at Location.',
  },
  location_elsewhere: {
    title: 'uploads are sent to a host that is not one of this path',
    hop: 'ingress',
    remedy:
      'Make the proxy pass the Host that clients use, or the registry answer relative Locations (`http.relativeurls: true` in distribution), or correct its public URL (`http.host`); list the host under `allowHosts` if it is meant.',
    reference: 'https://github.com/distribution/distribution/issues/970',
    rank: 'inferred',
    explains: either(
      is('location_invalid', undefined, (f) => !leavesTls(f) && !hasNoLocation(f) && !isRedirect(f)),
      is('client_refused_location', undefined, (f) => !leavesTls(f)),
    ),
    refutedBy: ['noSession', 'failsEverywhere', 'onlySchemeDiffers'],
    provenBy: ['path'],
    nextTest: '`curl -si -X POST URL/v2/REPO/blobs/uploads/` and look at Location.',
  },
  location_other_scheme: {
    title: 'the registry sends uploads to https, and this path is plain http',
    remedy:
      'Let the hop tell the scheme that the client speaks to it (nginx: `proxy_set_header X-Forwarded-Proto $scheme;` and no fixed `https`; outer proxies: one value), or write https:// and its port in the URL of this path, if TLS is spoken there; otherwise correct the public URL of the registry (distribution `http.host`).',
    reference: 'https://github.com/distribution/distribution/issues/1177',
    explains: is('location_invalid', undefined, (f) => entersTls(f) && !isRedirect(f)),
    refutedBy: ['noSession'],
    provenBy: ['path', /\blocation: https:/],
    nextTest: '`curl -si -X POST URL/v2/REPO/blobs/uploads/` and look at Location.',
  },
  location_configured: {
    title: 'the registry sends uploads over every path to another host than the path’s own',
    hop: 'registry_app',
    remedy:
      'Write the host that clients use into the public URL of the registry, or take it out (distribution `http.host`, Harbor `externalURL`, Gitea `ROOT_URL`), or let it answer relative Locations (`http.relativeurls: true`); list the host under `allowHosts` if it is meant.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#http',
    explains: is(
      'location_invalid',
      undefined,
      (f, x) => x.direct === 'same' && !hasNoLocation(f) && !isRedirect(f) && !entersTls(f) && !leavesTls(f),
    ),
    refutedBy: ['noSession', 'worksElsewhere'],
    provenBy: ['everywhere'],
    nextTest: '`curl -si -X POST URL/v2/REPO/blobs/uploads/` over both paths: the same host in Location.',
  },
  host_with_port_unknown: {
    title: 'a hop does not know the host in the Location of an upload, because of its port',
    remedy:
      'Make the rule of the hop match the host with and without its port (HAProxy `req.hdr(host),host_only`; Envoy `strip_any_host_port`, or `domains` with `:443` as well; Apache `RewriteCond` and `ServerAlias`), or take the port out of the public URL of the registry (distribution `http.host`, `X-Forwarded-Host`).',
    reference: 'https://github.com/distribution/distribution/issues/2177',
    explains: (f, x) => x.onlyOtherHostFails && f.status !== undefined && f.answeredBy !== 'registry',
    refutedBy: ['ownHostFails', 'noSession'],
    provenBy: ['host'],
    nextTest: '`curl -i URL/v2/` with `-H "Host: NAME"` and with `-H "Host: NAME:443"`: only the host differs.',
  },
  redirect_leads_nowhere: {
    title: 'requests are redirected to an address that clients of this path cannot use',
    hop: 'path',
    remedy:
      'Write the address that is meant in the URL of this path (https:// where the redirect leads from http to https, and the port that speaks it), or exempt /v2/* from redirects; where TLS fails there, it needs a certificate that clients trust.',
    reference: 'https://github.com/distribution/distribution/issues/2862',
    explains: (f, x) => leadsNowhere(f, x) && !leadsToStore(f),
    refutedBy: ['cameOnce'],
    provenBy: [
      /ENOTFOUND|ENODATA|ECONNREFUSED|\btls:(?:not_tls|unknown_ca|self_signed|wrong_name|name_in_cn|expired|not_yet_valid)\b/,
    ],
    nextTest: '`curl -siL URL/v2/`: where it leads, and what answers there.',
  },
  redirected: {
    title: 'uploads are redirected, and no client sends a body twice',
    remedy:
      'Push to the address that the redirect names, or exempt /v2/* from redirects (http to https, host names, trailing slashes).',
    reference: 'https://github.com/distribution/distribution/issues/2862',
    explains: either(is('unexpected_redirect'), is('location_invalid', undefined, isRedirect)),
    refutedBy: ['cameOnce', 'neverRegistry', 'onlyReadRedirected'],
    provenBy: [/^30[12378]\b/],
    nextTest: '`curl -si -X POST URL/v2/REPO/blobs/uploads/` and look at Location.',
  },
  api_elsewhere: {
    title: 'the registry has no API at /v2/: it is switched off, or installed below another path',
    hop: 'registry_app',
    remedy:
      'Switch it on (Gitea and Forgejo: `ENABLED = true` in the section `[packages]`), serve it at the root of the host, where clients ask for it (distribution: no `http.prefix`), or let a hop put the prefix before the path and into the Locations; or look whether this is a registry at all.',
    reference: 'https://distribution.github.io/distribution/about/configuration/#http',
    explains: (f, x) => f.answeredBy === 'registry' && f.status === 404 && x.pingMissing,
    refutedBy: ['worksElsewhere', 'uploadOpened'],
    provenBy: ['everywhere'],
    nextTest: '`curl -i URL/v2/` on every path, and with the prefix: a registry answers 200 or 401.',
  },
  location_missing: {
    title: 'the answer that opens an upload has no Location: a hop removes it',
    hop: 'path',
    remedy:
      'Pass Location on as the registry writes it (nginx: no `proxy_hide_header Location`; Apache: `ProxyPassReverse` and no `Header unset Location`; CDN: no rule that changes response headers of /v2/*).',
    reference: 'https://distribution.github.io/distribution/spec/api/#starting-an-upload',
    explains: is('location_invalid', undefined, (f) => hasNoLocation(f) && !isRedirect(f)),
    refutedBy: ['failsEverywhere', 'noSession', 'ofNoRegistry'],
    provenBy: ['path'],
    nextTest: '`curl -si -X POST URL/v2/REPO/blobs/uploads/` on this path and on the direct one: compare Location.',
  },
  plain_http_to_tls: {
    title: 'the path uses plain HTTP, but the port expects TLS',
    hop: 'ingress',
    remedy:
      'Write https:// in the URL of this path. When only uploads go there, the registry hands out http Locations: set `X-Forwarded-Proto` at the proxy in front of it.',
    reference: 'https://nginx.org/en/docs/http/configuring_https_servers.html#single_http_https_server',
    explains: either(tlsProblem('plain_http'), says(plainToTlsWords)),
    refutedBy: ['cameOnce', 'saysTlsDiffers'],
    provenBy: [/\btls:plain_http\b/, plainToTlsWords],
    nextTest: '`curl -v https://HOST:PORT/v2/`.',
  },
  client_certificate_wanted: {
    title: 'the other side wants a client certificate',
    remedy:
      'Give the path its client certificate (`tls.certFile` and `tls.keyFile`; docker: `client.cert` and `client.key` in /etc/docker/certs.d/HOST), or switch client certificates off for /v2/.',
    reference: 'https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_verify_client',
    explains: either(tlsProblem('client_certificate_wanted', 'client_certificate_refused'), says(certificateWords)),
    refutedBy: ['cameOnce'],
    provenBy: [/\btls:client_certificate/, certificateWords],
    nextTest: '`openssl s_client -connect HOST:443` with and without `-cert` and `-key`.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
