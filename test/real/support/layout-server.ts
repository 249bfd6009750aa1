import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ImageLayout } from './layer-source.ts';

/** A registry on loopback that gives away the one image of a layout, whatever it is asked for by. */
export async function startLayoutServer(
  layout: string,
  { manifest, config, layers }: ImageLayout,
): Promise<{ readonly host: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/v2/') {
      response.end('{}');
      return;
    }
    const asked = [config, ...layers].find(({ digest }) => path.endsWith(digest)) ?? manifest;
    response.writeHead(200, {
      'Content-Type': asked.mediaType,
      'Content-Length': asked.size,
      'Docker-Content-Digest': asked.digest,
    });
    if (request.method === 'HEAD') response.end();
    else createReadStream(join(layout, 'blobs/sha256', asked.digest.slice('sha256:'.length))).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
