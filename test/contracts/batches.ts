import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Batch, BatchRequest, LineCall, LineReply } from '../../src/contracts/batches.ts';
import { createLineReader } from '../../src/http/openai-batches/line-reader.ts';
import { FileReader } from '../../src/jobs/batches/file-reader.ts';
import { createBatchService } from '../../src/jobs/batches/service.ts';
import { createJobWorker } from '../../src/jobs/worker.ts';
import { createBatchStore } from '../../src/ledger/batches/batch-store.ts';
import { createFileStore } from '../../src/ledger/files/file-store.ts';
import { createJobStore } from '../../src/ledger/jobs/job-store.ts';
import type { Store } from '../../src/ledger/store.ts';
import { createCallStarter } from '../../src/resilience/deadline.ts';
import { createSystemClock, createSystemRandom } from '../../src/telemetry/system-clock.ts';
import { quietLogger } from '../fakes/embedded-store.ts';
import { scriptedFeedback } from '../fakes/scripted-feedback.ts';

const ENDPOINT = '/v1/embeddings';
const SETTINGS = {
  concurrency: 2,
  maxItems: 100,
  maxDeadlineSeconds: 3600,
  itemTimeoutMs: 10_000,
  retentionDays: 30,
  drainMs: 0,
};
const REQUEST: Omit<BatchRequest, 'inputFileId'> = {
  team: 'red',
  allowed: null,
  endpoint: ENDPOINT,
  window: '24h',
  windowSeconds: 86_400,
  metadata: null,
};

/** Files and batches on a database: what every kind of PostgreSQL must do. */
export function batchContract(
  name: string,
  open: () => Promise<AsyncDisposable & { readonly store: Store }>,
) {
  describe(`files and batches on ${name}`, () => {
    let opened: AsyncDisposable & { readonly store: Store };
    const running: { stop(): Promise<void> }[] = [];
    beforeAll(async () => {
      opened = await open();
    }, 60_000);
    afterEach(async () => {
      await Promise.all(running.splice(0).map((each) => each.stop()));
    });
    afterAll(() => opened?.[Symbol.asyncDispose]());

    const stores = () => ({
      files: createFileStore(opened.store),
      batches: createBatchStore(opened.store),
      jobs: createJobStore(opened.store),
    });

    const save = async (id: string, text: string, pieceBytes = 1 << 20): Promise<void> => {
      const { files } = stores();
      const bytes = Buffer.from(text);
      await files.open(id, 'red');
      for (let no = 0; no * pieceBytes < bytes.length; no += 1) {
        await files.addPiece(id, no, bytes.subarray(no * pieceBytes, (no + 1) * pieceBytes));
      }
      const facts = { filename: 'f', purpose: 'batch', bytes: bytes.length, lifetimeSeconds: 3600 };
      await files.complete(id, facts);
    };

    /** A gateway's part in batches, whose calls are answered by `answer`. */
    const start = (answer: (call: LineCall) => Promise<LineReply>) => {
      const { files, batches, jobs } = stores();
      const clock = createSystemClock();
      const random = createSystemRandom();
      const relay = () => ({ paths: [ENDPOINT], ask: answer });
      const common = { clock, random, logger: quietLogger(), settings: SETTINGS };
      const worker = createJobWorker({
        ...common,
        store: jobs,
        calls: createCallStarter(clock),
        feedback: () => scriptedFeedback(() => undefined),
        relay,
        isAlone: true,
      });
      const reader = new FileReader({
        ...common,
        ...SETTINGS,
        batches,
        files,
        reception: jobs,
        readLines: createLineReader(10_000),
        wakeWorker: () => worker.wake(),
      });
      const service = createBatchService({
        store: batches,
        files,
        relay,
        random,
        wakeReader: () => reader.wake(),
        refreshWorker: () => worker.refresh(),
      });
      running.push(worker, reader);
      return { service, reader, worker };
    };

    const until = async (
      service: { find(team: string, id: string): Promise<Batch> },
      id: string,
      holds: (batch: Batch) => boolean,
    ): Promise<Batch> => {
      for (;;) {
        const batch = await service.find('red', id);
        if (holds(batch)) return batch;
      }
    };

    const textOf = async (id: string | null): Promise<string> => {
      const { files } = stores();
      const file = await files.find('red', id ?? '');
      if (file === null) return '';
      const parts: Uint8Array[] = [];
      for await (const part of files.content(file)) parts.push(part);
      expect(Buffer.concat(parts).length).toBe(file.bytes);
      return Buffer.concat(parts).toString();
    };

    const idsOf = async (fileId: string | null): Promise<string[]> =>
      [...(await textOf(fileId)).matchAll(/"custom_id":"(\w+)"/g)].map(([, id = '']) => id);

    it('gives a file back in order, to its team alone, and not before it is complete', async () => {
      const { files } = stores();
      const text = 'ä line\nand another\n'.repeat(40);
      await save('file-a', text, 100);
      expect(await textOf('file-a')).toBe(text);
      expect(await files.find('blue', 'file-a')).toBeNull();
      expect(await files.remove('blue', 'file-a')).toBe(false);
      await files.open('file-b', 'red');
      await files.addPiece('file-b', 0, Buffer.from('x'));
      expect(await files.find('red', 'file-b')).toBeNull();
    });

    it('removes uploads that fell silent, and files past their time, with all their pieces', async () => {
      const { files } = stores();
      await files.open('file-silent', 'red');
      await files.addPiece('file-silent', 0, Buffer.from('x'));
      await save('file-old', 'x');
      await sql`UPDATE file SET touched_at = now() - interval '2 minutes' WHERE id = 'file-silent'`.execute(
        opened.store.db,
      );
      await sql`UPDATE file SET expires_at = now() - interval '1 second' WHERE id = 'file-old'`.execute(
        opened.store.db,
      );
      expect(await files.find('red', 'file-old')).toBeNull();
      await files.sweep({ receivingMs: 60_000 });
      const left = await sql<{ file_id: string }>`SELECT DISTINCT file_id FROM file_piece
        WHERE file_id IN ('file-silent', 'file-old')`.execute(opened.store.db);
      expect(left.rows).toEqual([]);
      await expect(files.addPiece('file-silent', 1, Buffer.from('y'))).rejects.toMatchObject({
        code: 'request_timeout',
      });
    });

    it('ends what is left when the window is over; what was answered stays', async () => {
      await save('file-c', linesNamed(['quick', 'slow', 'late', 'later']));
      let letGo = (): void => undefined;
      const gate = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const started: string[] = [];
      const { service, reader, worker } = start(async ({ body }) => {
        started.push(String(body['input']));
        if (body['input'] !== 'quick') await gate;
        return OK;
      });
      await worker.start();
      reader.start();
      const { id } = await service.create({ ...REQUEST, inputFileId: 'file-c' });
      await until(service, id, ({ succeeded }) => succeeded === 1 && started.length === 3);
      await sql`UPDATE job SET expires_at = now() - interval '1 second' WHERE id = ${id}`.execute(
        opened.store.db,
      );
      await stores().jobs.sweep({ receivingMs: 60_000, retentionDays: 30 });
      await worker.refresh();
      letGo();
      const batch = await until(service, id, ({ state }) => state === 'expired');
      expect(batch).toMatchObject({ lines: 4, succeeded: 3, failed: 1 });
      expect(batch.usage).toMatchObject({ inputTokens: 9, outputTokens: 0 });
      expect(await idsOf(batch.outputFileId)).toEqual(['quick', 'slow', 'late']);
      expect(await textOf(batch.errorFileId)).toContain('"error":{"code":"batch_expired"');
      await expect(service.cancel('red', id)).rejects.toMatchObject({ code: 'conflict' });
    });

    it('reads a file again from its start when the reader died in the middle', async () => {
      const { batches, jobs } = stores();
      await save('file-d', linesNamed(['one', 'two']));
      const { service, reader, worker } = start(async () => OK);
      const { id } = await service.create({ ...REQUEST, inputFileId: 'file-d' });
      expect(await batches.claimUnread(30_000)).toMatchObject({ id, inputFileId: 'file-d' });
      await jobs.addShard(id, { no: 0, first: 0, count: 1, items: '[{"customId":"half","body":{}}]' });
      expect(await batches.claimUnread(30_000)).toBeNull();
      await jobs.sweep({ receivingMs: 0, retentionDays: 30 });
      // A gateway that comes back alone takes everything over.
      await worker.start();
      reader.start();
      const batch = await until(service, id, ({ state }) => state === 'completed');
      expect(await idsOf(batch.outputFileId)).toEqual(['one', 'two']);
    });

    it('waits while no replica takes calls, and tries again what may pass', async () => {
      await save('file-e', linesNamed(['a']));
      const answers: LineReply[] = [
        failed(503, 'engine_unavailable'),
        failed(502, 'engine_error'),
        failed(502, 'engine_error'),
        failed(502, 'engine_error'),
      ];
      let calls = 0;
      const { service, reader, worker } = start(async () => answers[calls++] ?? OK);
      await worker.start();
      reader.start();
      const { id } = await service.create({ ...REQUEST, inputFileId: 'file-e' });
      const batch = await until(service, id, ({ state }) => state === 'completed');
      expect(calls).toBe(4);
      expect(batch).toMatchObject({ succeeded: 0, failed: 1, outputFileId: null });
      expect(JSON.parse(await textOf(batch.errorFileId))).toMatchObject({
        response: { status_code: 502 },
        error: { code: 502, message: 'it failed' },
      });
    });

    it('forgets what a batch gave out when its time is over', async () => {
      const { batches, files, jobs } = stores();
      await save('file-f', linesNamed(['a']));
      const { service, reader, worker } = start(async () => OK);
      await worker.start();
      reader.start();
      const { id } = await service.create({ ...REQUEST, inputFileId: 'file-f' });
      const { outputFileId } = await until(service, id, ({ state }) => state === 'completed');
      await sql`UPDATE job SET ended_at = now() - interval '31 days' WHERE id = ${id}`.execute(
        opened.store.db,
      );
      await jobs.sweep({ receivingMs: 60_000, retentionDays: 30 });
      await files.sweep({ receivingMs: 60_000 });
      await batches.sweep({ retentionDays: 30 });
      await expect(service.find('red', id)).rejects.toMatchObject({ code: 'not_found' });
      expect(await files.find('red', outputFileId ?? '')).toBeNull();
    });
  });
}

const OK: LineReply = {
  status: 200,
  code: null,
  body: { object: 'list', usage: { prompt_tokens: 3, total_tokens: 3 } },
};

function failed(status: number, code: 'engine_error' | 'engine_unavailable'): LineReply {
  return { status, code, body: { error: { message: 'it failed', code } } };
}

function linesNamed(ids: readonly string[]): string {
  const lines = ids.map((id) =>
    JSON.stringify({ custom_id: id, method: 'POST', url: ENDPOINT, body: { input: id } }),
  );
  return `${lines.join('\n')}\n`;
}
