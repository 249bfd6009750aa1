import { thresholds } from '../../prometheus/src/thresholds.ts';
import type { Row } from './board.ts';
import { type AnyPanel, lines, number, states } from './panels.ts';
import { chosen } from './queries.ts';
import { rowsOf } from './tables.ts';
import { valueMap } from './words.ts';

export function limits(): Row {
  return {
    title: 'Limits, TLS and connections',
    panels: [...foundLimits(), ...endpoints()],
  };
}

function byClient(selector: string): string {
  return `min by (client, direction) (${selector})`;
}

function foundLimits(): AnyPanel[] {
  const bounds = (key: 'limitBytes' | 'limitSeconds'): { expr: string; legend: string }[] => [
    { expr: byClient(chosen(key, { bound: 'largest_accepted' })), legend: '{{direction}} accepted as {{client}}' },
    { expr: byClient(chosen(key, { bound: 'smallest_rejected' })), legend: '{{direction}} refused as {{client}}' },
  ];
  return [
    lines(
      {
        title: 'Size limit',
        description:
          'Largest accepted and smallest rejected size that the last search found, of pushes and, where they are searched, of pulls.',
        unit: 'bytes',
        none: 'no search yet',
      },
      bounds('limitBytes'),
      { log: 2 },
    ),
    lines(
      {
        title: 'Duration limit',
        description:
          'Longest accepted and shortest rejected push that the last search found, and pull where it was searched.',
        unit: 's',
        none: 'no search yet',
      },
      bounds('limitSeconds'),
    ),
  ];
}

function endpoints(): AnyPanel[] {
  return [
    states(
      {
        title: 'API',
        description: 'Whether each endpoint of the registry answers as it should over this path.',
        unit: 'none',
        none: 'not looked at yet',
        width: 8,
      },
      { expr: `min by (endpoint) (${chosen('apiUp')})`, legend: '{{endpoint}}' },
      [valueMap({ '1': { text: 'up', color: 'green' }, '0': { text: 'down', color: 'red' } })],
    ),
    number(
      {
        title: 'Certificate expires in',
        description: 'Time until the certificate seen on the path expires.',
        unit: 's',
        limits: [thresholds.certificateCriticalSeconds, thresholds.certificateWarningSeconds],
        goodAbove: true,
        height: 8,
        none: 'no TLS seen',
      },
      { expr: `min (${chosen('tlsCertificateExpiry')} - time())`, legend: 'left' },
    ),
    connections(),
  ];
}

function connections(): AnyPanel {
  const shown = ['client', 'ip_family', 'http_version', 'tls_version', 'token_host', 'upload_host', 'instance'];
  return rowsOf(
    {
      title: 'Connections',
      description:
        'How the last run of each client was connected, and whether tokens and uploads went to the own host.',
      width: 12,
      height: 8,
    },
    [
      { name: 'Client', label: 'client', width: 140 },
      { name: 'IP', label: 'ip_family', width: 50 },
      { name: 'HTTP', label: 'http_version', width: 60 },
      { name: 'TLS', label: 'tls_version', width: 80 },
      { name: 'Tokens from', label: 'token_host', width: 100 },
      { name: 'Uploads to', label: 'upload_host', width: 100 },
      { name: 'Prober', label: 'instance' },
      { name: 'facts', expr: `max by (${shown.join(', ')}) (${chosen('pathInfo')})`, unit: 'none', hidden: true },
    ],
  );
}
