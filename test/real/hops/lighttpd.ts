import { join } from 'node:path';
import type { HopProgram } from './hop.ts';

/** mod_proxy before one server; by default lighttpd collects a body before it passes it on. */
export const lighttpd: HopProgram = {
  components: ['lighttpd'],
  places: ['server'],
  files: ({ directory, port, upstreamPort, more, buffers = true }) => ({
    'lighttpd.conf': `
server.modules = ( "mod_proxy", "mod_access", "mod_redirect" )
server.document-root = "${directory}"
server.bind = "127.0.0.1"
server.port = ${port}
server.pid-file = "${join(directory, 'lighttpd.pid')}"
server.errorlog = "${join(directory, 'error.log')}"
server.upload-dirs = ( "${directory}" )
server.stream-request-body = ${buffers ? 0 : 2}
proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${upstreamPort} ) ) )
${more['server'] ?? ''}
`,
  }),
  starts: ({ directory }) => [{ component: 'lighttpd', args: ['-D', '-f', join(directory, 'lighttpd.conf')] }],
};
