import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BodySource, FaultBehaviour, ProxyCall } from './behaviour.ts';

/** Bodies up to this size stay in memory, longer ones go to a file, as with nginx's client_body_buffer_size. */
const memoryBytes = 1024 * 1024;

/** Collects the whole body before anything goes upstream; it then has a Content-Length, whatever the client sent. */
export function bufferRequest(): FaultBehaviour {
  return (call) => ({
    requestBody: (body) => (body.length === 'none' || body.length === 0 ? body : collect(call, body)),
  });
}

async function collect(call: ProxyCall, body: BodySource): Promise<BodySource> {
  const chunks: Buffer[] = [];
  let size = 0;
  let file: FileHandle | undefined;
  if (call.request.headers.expect?.toLowerCase() === '100-continue') call.response.writeContinue();
  try {
    for await (const chunk of body.stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (call.answered) continue;
      if (size + chunk.length > memoryBytes) file ??= await spoolFile(call, chunks);
      size += chunk.length;
      if (file) await file.write(chunk);
      else chunks.push(chunk);
    }
  } catch {
    // The client went away, or the exchange was ended from elsewhere: whoever asked for the body looks at the call.
  }
  const stream = file ? file.createReadStream({ start: 0, autoClose: false }) : Readable.from(chunks);
  stream.on('error', () => stream.destroy());
  call.onEnd(() => stream.destroy());
  return { stream, length: size };
}

/** A file that has no name any more: it is gone with its handle, even when the process is killed. */
async function spoolFile(call: ProxyCall, chunks: Buffer[]): Promise<FileHandle> {
  const name = join(tmpdir(), `blobprobe-demo-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  await unlink(name);
  call.onEnd(() => void file.close().catch(() => undefined));
  for (const chunk of chunks.splice(0)) await file.write(chunk);
  return file;
}
