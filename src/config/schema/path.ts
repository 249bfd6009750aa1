import { isIP } from 'node:net';
import { z } from 'zod';
import { pathKinds } from '../../network/path.ts';
import { splitHostPort, urlComplaint } from './address.ts';
import { headersSchema } from './headers.ts';
import { environmentVariable, file, flag, list, text } from './scalars.ts';

/** A URL without anything but scheme, host and port; what is wrong is said precisely. */
function originUrl(
  description: string,
  example: string,
  scheme: RegExp,
  complain: (value: string) => string | undefined,
) {
  return z
    .string({ error: complain('') })
    .regex(scheme, { error: complain('') })
    .superRefine((value, context) => {
      const message = complain(value);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .meta({ description, title: 'URL', examples: [example] });
}

function proxyComplaint(value: string): string | undefined {
  const complaint = urlComplaint(value);
  return complaint === undefined || complaint.startsWith('a URL without')
    ? complaint
    : 'the URL of an HTTP proxy such as http://proxy.example.org:3128';
}

const proxySchema = z
  .strictObject({
    url: originUrl(
      'Address of the proxy. The connection to the proxy itself is plain HTTP; port 80 when none is given.',
      'http://proxy.example.org:3128',
      /^[hH][tT][tT][pP]:\/\//,
      proxyComplaint,
    ),
    username: text({ description: 'User name for the proxy (Basic).' }).optional(),
    password: text({
      description: 'Password for the proxy, in plain text; `passwordFile` or `passwordEnv` keep it out of this file.',
    }).optional(),
    passwordFile: file('File that holds the password; read for each connection.', '/run/secrets/proxy').optional(),
    passwordEnv: environmentVariable('Environment variable that holds the password.', 'PROXY_PASSWORD').optional(),
  })
  .meta({
    description:
      'HTTP proxy of this path. As with real clients, https goes through a tunnel (CONNECT), and http requests go to the proxy itself.',
  });

const tlsSchema = z
  .strictObject({
    caFile: file(
      'PEM file of the certificate authorities to trust instead of the built-in ones; read for each connection.',
      '/etc/ssl/internal-ca.pem',
    ).optional(),
    certFile: file('PEM file of the client certificate; needs `keyFile`.', '/etc/blobprobe/client.crt').optional(),
    keyFile: file(
      "PEM file of the client certificate's key; needs `certFile`.",
      '/etc/blobprobe/client.key',
    ).optional(),
    serverName: text(
      {
        description: 'Name to send as SNI and to expect in the certificate, when it is not the host of the URL.',
        title: 'host',
        error: 'a host name',
        examples: ['registry.example.org'],
      },
      undefined,
      (value) => splitHostPort(value)?.port === undefined && splitHostPort(value) !== undefined,
    ).optional(),
    insecure: flag(
      'Do not verify the certificate. Anybody on the way can then read the credentials; each start logs a warning.',
    ),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .meta({ description: 'Oldest TLS version to accept.' }),
  })
  .meta({ description: 'TLS settings; only for `https` URLs.' });

const hostError = 'a host or host:port such as registry.example.org or [2001:db8::1]:443';

export const pathSchema = z
  .strictObject(
    {
      url: originUrl(
        'Scheme, host and port of the registry on this path, without a path: the API lies at `/v2/` of the host.',
        'https://registry.example.org',
        /^[hH][tT][tT][pP][sS]?:\/\//,
        urlComplaint,
      ),
      kind: z.enum(pathKinds).default('direct').meta({
        description:
          'What lies between here and the registry, as far as you know. It affects wording and the hop that is named at fault, never the measurement.',
      }),
      connectTo: text(
        {
          description:
            "Connect to this host and port instead of the URL's, with Host header and SNI unchanged (like `curl --connect-to`).",
          title: 'host:port',
          error: 'host:port such as ingress.example.org:443 or [2001:db8::1]:443',
          examples: ['ingress.example.org:443'],
        },
        /^.+:\d{1,5}$/,
        (value) => splitHostPort(value)?.port !== undefined,
      ).optional(),
      dns: list(
        text(
          {
            description: 'Address of a resolver, with `:port` when it is not 53.',
            title: 'address',
            error: 'an IP address, or address:port, of a resolver',
            examples: ['192.0.2.53'],
          },
          undefined,
          (value) => isIP(splitHostPort(value)?.host ?? '') !== 0,
        ),
        "Ask these resolvers instead of the system's. Each connection resolves the name again.",
        'resolvers',
      ).optional(),
      family: z
        .union([z.literal(['ipv4', 'ipv6']), z.literal([4, 6])], { error: 'one of ipv4, ipv6, 4, 6' })
        .optional()
        .meta({ description: 'Use only IPv4 or only IPv6 addresses. Both when absent.', title: 'ipv4, ipv6, 4 or 6' }),
      localAddress: text(
        {
          description: 'Address of this host to connect from.',
          title: 'address',
          error: 'an IP address',
          examples: ['192.0.2.7'],
        },
        undefined,
        (value) => isIP(value) !== 0,
      ).optional(),
      proxy: z
        .union([z.literal('env'), proxySchema], { error: '`env`, or a map with url' })
        .optional()
        .meta({
          description:
            'HTTP proxy of this path. As with real clients, https goes through a tunnel (CONNECT), and http requests go to the proxy itself. `env`: the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for the URL.',
          title: 'env, or a map',
        }),
      headers: headersSchema.default({}),
      tls: tlsSchema.default({ insecure: false, minVersion: 'TLSv1.2' }),
      allowHosts: list(
        text(
          {
            description: 'A host, with `:port` to allow that port only.',
            title: 'host',
            error: hostError,
            examples: ['auth.example.org'],
          },
          undefined,
          (value) => splitHostPort(value) !== undefined,
        ),
        "Hosts besides the URL's own to which token requests and uploads, and with them credentials, may go. All others are refused and reported; reads follow redirects, as clients do, without credentials.",
        'hosts',
      ).optional(),
      realm: z.enum(['follow', 'rewrite']).default('follow').meta({
        description:
          "`follow`: fetch tokens where the challenge says; `rewrite`: fetch them at this path's own host instead (Gitea names its public ROOT_URL: up to 1.25 unless a hop sends X-Forwarded-Proto, from 1.26 with `PUBLIC_URL_DETECTION = never`).",
      }),
    },
    { error: 'a map with url' },
  )
  .meta({ description: 'One network path to the registry.' });
