import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';

/** What one scrape asked for, and what it got, as it was on the wire. */
export interface SeenScrape {
  /** First part of the path, by which scrapes are told apart. */
  readonly job: string;
  readonly acceptEncoding: string | undefined;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

export interface ScrapeWitness {
  /** `host:port`; `/JOB/metrics` is passed on as `/metrics`. */
  readonly address: string;
  readonly seen: readonly SeenScrape[];
  readonly close: () => Promise<void>;
}

/** Passes requests on to the exporter as they are, bytes included, and keeps their headers. */
export async function startScrapeWitness(exporter: string): Promise<ScrapeWitness> {
  const seen: SeenScrape[] = [];
  const server = createServer((request, response) => {
    const [, job = '', ...path] = (request.url ?? '').split('/');
    const passed = httpRequest(`http://${exporter}/${path.join('/')}`, { headers: request.headers }, (answer) => {
      seen.push({
        job,
        acceptEncoding: request.headers['accept-encoding']?.toString(),
        contentType: answer.headers['content-type'],
        contentEncoding: answer.headers['content-encoding'],
      });
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    passed.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port given');
  return {
    address: `127.0.0.1:${address.port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
