import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabelProbe, Replica } from '../../src/contracts/engine.ts';
import { createTritonReplica, type TritonReplicaOptions } from '../../src/engines/triton/replica.ts';
import { WORDS } from './triton-toy.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';

export const PROBE: LabelProbe = {
  id: 'pair@1',
  spellings: { first: ['A', ' A'], second: ['B', ' B'] },
  context: [{ role: 'user', content: 'A or B?' }],
};

/** A replica for tests: the model `judge` as vllm_backend serves it. */
export function testTritonReplica(
  url: string,
  options: Partial<TritonReplicaOptions> = {},
): Replica & AsyncDisposable {
  const replica = createTritonReplica({
    url,
    model: 'judge',
    backend: 'vllm',
    chatTemplate: 'plain',
    labelProbes: [PROBE],
    limits: { messageBytes: 16_000_000 },
    clock: createSystemClock(),
    ...options,
  });
  return {
    url,
    warmUp: (call) => replica.warmUp(call),
    distribution: (request, call) => replica.distribution(request, call),
    labelBatches: () => replica.labelBatches?.() ?? null,
    generate: (request, call) => replica.generate(request, call),
    post: (path, body, call) => replica.post(path, body, call),
    load: (call) => replica.load?.(call) ?? Promise.resolve({ ok: true, value: null }),
    close: () => replica.close(),
    [Symbol.asyncDispose]: () => replica.close(),
  };
}

/**
 * A tokenizer of characters: newline is 0, the space 1, `A` 34, `B` 35, and the two-character tokens
 * ` A` 96 and ` B` 97, then the toy's words. Written to a file of its own.
 */
export function writeTokenizer(): { readonly path: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), 'assay-triton-'));
  const printable = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at));
  const vocab = Object.fromEntries(['\n', ...printable, ' A', ' B'].map((token, id) => [token, id]));
  const path = join(folder, 'tokenizer.json');
  const merges = [
    [' ', 'A'],
    [' ', 'B'],
  ];
  const words = WORDS.map((content, at) => ({ id: 98 + at, content, special: false, normalized: false }));
  const absent = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
  const model = { type: 'BPE', vocab, merges, unk_token: null };
  writeFileSync(path, JSON.stringify({ version: '1.0', added_tokens: words, ...absent, model }));
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
