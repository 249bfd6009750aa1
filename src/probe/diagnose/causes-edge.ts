import type { Cause } from './cause.ts';
import { cloudflare5xx } from './manuals.ts';
import { is, says, status } from './predicates.ts';

/** Causes between a CDN and the origin. */
export const edgeCauses = {
  origin_name_unknown: {
    title: 'Cloudflare cannot resolve the name of the origin',
    hop: 'edge_to_origin',
    remedy: 'Correct the CNAME or the address of the DNS record in the zone (error 1016).',
    reference: 'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/',
    explains: (f) => f.status === 530 && /\b1016\b/.test(f.evidence.body ?? ''),
    refutedBy: ['cameOnce'],
    provenBy: [/\b1016\b/],
    nextTest: '`dig` the origin’s name of the DNS record.',
  },
  tunnel_down: {
    title: 'the Cloudflare tunnel is down',
    hop: 'tunnel',
    remedy: 'Start cloudflared and look at its log: no connector of the tunnel is connected (error 1033).',
    reference:
      'https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/error-1033/',
    explains: (f) => f.status === 530 && !/\b1016\b/.test(f.evidence.body ?? ''),
    refutedBy: ['cameOnce'],
    provenBy: [/^530\b/],
    nextTest: '`cloudflared tunnel info NAME`.',
  },
  cloudflare_origin_tls: {
    title: 'Cloudflare does not accept the TLS of the origin',
    hop: 'edge_to_origin',
    remedy:
      'Give the origin a certificate that is valid for the host (Cloudflare Origin CA will do), or change the SSL/TLS mode of the zone from Full (strict).',
    reference: `${cloudflare5xx}/error-526/`,
    explains: status(525, 526),
    refutedBy: ['cameOnce'],
    provenBy: [/^52[56]\b/],
    nextTest: '`openssl s_client -connect ORIGIN:443 -servername HOST`.',
  },
  cloudflare_origin_unreachable: {
    title: 'Cloudflare does not reach the origin',
    hop: 'edge_to_origin',
    remedy:
      'Check that the origin listens on the address of the DNS record and that its firewall lets Cloudflare’s addresses in (521 refused, 522 and 523 no way there, 520 an answer that is not HTTP).',
    reference: `${cloudflare5xx}/`,
    explains: (f) => f.answeredBy === 'cloudflare' && f.status !== undefined && f.status >= 520 && f.status < 524,
    refutedBy: ['failsEverywhere', 'cameOnce'],
    provenBy: [/^52[0-3]\b/],
    nextTest: '`curl -i --resolve HOST:443:ORIGIN https://HOST/v2/` from outside.',
  },
  tunnel_origin_unreachable: {
    title: 'cloudflared does not reach the registry behind it',
    hop: 'tunnel',
    remedy:
      'Check the `service` URL of this host name in the tunnel’s ingress rules and whether the registry answers there. When only requests without a body fail (EOF in the log of cloudflared), update cloudflared, or lower `originRequest.keepAliveTimeout` below the idle timeout of the registry.',
    reference: 'https://github.com/cloudflare/cloudflared/issues/509',
    explains: is('origin_unreachable', undefined, says(/unable to reach the origin service/i)),
    refutedBy: ['failsEverywhere'],
    provenBy: [/unable to reach the origin service/i],
    nextTest: 'Read the log of cloudflared at the time of the push.',
  },
  cloudfront_origin_unreachable: {
    title: 'CloudFront does not reach the origin',
    hop: 'edge_to_origin',
    remedy:
      'Check origin domain, ports and origin protocol policy of the distribution, that the certificate of the origin is valid for that name, and that its security group lets CloudFront in (managed prefix list `com.amazonaws.global.cloudfront.origin-facing`).',
    reference: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/http-502-bad-gateway.html',
    rank: 'inferred',
    explains: is('origin_unreachable', 'cloudfront'),
    refutedBy: ['registryAnswered', 'failsEverywhere'],
    provenBy: ['path'],
    nextTest: '`curl -i` of the origin’s domain name from outside.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
