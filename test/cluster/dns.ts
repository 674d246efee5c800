import { createSocket } from 'node:dgram';
import { execFile } from 'node:child_process';
import { isIPv4 } from 'node:net';
import { promisify } from 'node:util';

/**
 * dns.ts ADDRESS: answers for names of services (NAME.NAMESPACE.svc.cluster.local) with what `kubectl` says, in a
 * cluster that has no DNS server of its own. Every other name does not exist.
 */
const [address = ''] = process.argv.slice(2);
const run = promisify(execFile);
const HEADER_BYTES = 12;
const TYPE_A = 1;
const SERVICE = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local$/;

/** The name asked for in lower case, its type, and where the question ends. */
function question(message: Buffer): { readonly name: string; readonly type: number; readonly end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 };
}

async function addressOf(name: string): Promise<string | undefined> {
  const [, service, namespace] = SERVICE.exec(name) ?? [];
  if (service === undefined || namespace === undefined) return undefined;
  const what = ['get', 'service', service, '-n', namespace, '-o', 'jsonpath={.spec.clusterIP}'];
  const { stdout } = await run('kubectl', what).catch(() => ({ stdout: '' }));
  return isIPv4(stdout) ? stdout : undefined;
}

async function answer(message: Buffer): Promise<Buffer> {
  const { name, type, end } = question(message);
  const ip = await addressOf(name);
  const isAnswered = ip !== undefined && type === TYPE_A;
  const header = Buffer.from(message.subarray(0, HEADER_BYTES));
  // A reply with authority; a name error where there is no such service.
  header.writeUInt16BE(ip === undefined ? 0x8583 : 0x8580, 2);
  for (const [i, count] of [1, isAnswered ? 1 : 0, 0, 0].entries()) header.writeUInt16BE(count, 4 + 2 * i);
  // The name of the question again, an address, good for a second.
  const record = [0xc0, HEADER_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4];
  const found = isAnswered ? Buffer.from([...record, ...ip.split('.').map(Number)]) : Buffer.alloc(0);
  return Buffer.concat([header, message.subarray(HEADER_BYTES, end), found]);
}

const socket = createSocket('udp4');
socket.on('message', (message, { port, address: from }) => {
  // What is no question gets no answer.
  answer(message).then(
    (reply) => socket.send(reply, port, from),
    () => undefined,
  );
});
socket.bind(53, address);
