/**
 * A long way, in a network of its own: what is sent to 10.9.0.2 comes back to 10.9.0.1 so many milliseconds later, as from 10.9.0.2. Real
 * packets, so that TCP has the round trip. Arguments: milliseconds each way, MTU.
 */
import { execFileSync } from 'node:child_process';
import { openSync, read, writeSync } from 'node:fs';
import { createRequire } from 'node:module';

const [delayMs, mtu] = process.argv.slice(2).map(Number);
const koffi = createRequire(import.meta.url)('koffi');
const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, _Inout_ uint8_t *argument)');
const tunSetInterface = 0x400454ca;
const tunWithoutPacketInfo = 0x1001;

const device = openSync('/dev/net/tun', 'r+');
const request = Buffer.alloc(40);
request.write('way0');
request.writeUInt16LE(tunWithoutPacketInfo, 16);
if (ioctl(device, tunSetInterface, request) !== 0) throw new Error('no device way0');
for (const command of [`link set way0 mtu ${mtu} txqueuelen 10000 up`, 'addr add 10.9.0.1/24 dev way0'])
  execFileSync('ip', command.split(' '));

/** In order of arrival. */
const under = [];
let timer;

function deliver() {
  timer = undefined;
  const nowMs = performance.now();
  while (under[0] !== undefined && under[0].dueMs <= nowMs) writeSync(device, under.shift().packet);
  if (under[0] !== undefined) timer = setTimeout(deliver, under[0].dueMs - nowMs);
}

const buffer = Buffer.alloc(65_536);
function receive(error, bytes) {
  if (error) throw error;
  const packet = Buffer.from(buffer.subarray(0, bytes));
  // IPv4: where it came from and where it goes change places, which leaves every checksum as it is.
  if (packet[0] >> 4 === 4) {
    const from = Buffer.from(packet.subarray(12, 16));
    packet.copyWithin(12, 16, 20);
    from.copy(packet, 16);
    under.push({ dueMs: performance.now() + delayMs, packet });
    timer ??= setTimeout(deliver, delayMs);
  }
  read(device, buffer, 0, buffer.length, null, receive);
}
read(device, buffer, 0, buffer.length, null, receive);
process.stdout.write('ready\n');
