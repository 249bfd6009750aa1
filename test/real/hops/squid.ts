import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/** As an accelerator before one server; Debian's squid ends no TLS. `forward` makes it a forward proxy with these rules. */
export const squid: HopProgram = {
  components: ['squid'],
  places: ['rules', 'forward'],
  files: ({ directory, port, upstreamPort, more }) => ({
    'squid.conf': `
visible_hostname squid.example.test
${
  more['forward'] === undefined
    ? `http_port 127.0.0.1:${port} accel vhost
cache_peer 127.0.0.1 parent ${upstreamPort} 0 no-query originserver name=registry
cache_peer_access registry allow all
never_direct allow all`
    : `http_port 127.0.0.1:${port}\n${more['forward']}`
}
${more['rules'] ?? ''}
http_access allow all
cache deny all
access_log none
# Debian's 5.7 takes a full buffer for the end of the client now and then, and cuts the body; curl sees it, too.
client_request_buffer_max_size 64 MB
cache_log ${join(directory, 'cache.log')}
pid_filename ${join(directory, 'squid.pid')}
coredump_dir ${directory}
cache_effective_user nobody
shutdown_lifetime 1 seconds
`,
  }),
  starts: ({ directory, port }) => [
    { component: 'squid', args: ['-N', '-n', `s${port}`, '-f', join(directory, 'squid.conf')] },
  ],
};
