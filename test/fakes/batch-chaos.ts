import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';
import { type CountingEngine, startCountingEngine } from './counting-engine.ts';
import { chaosConfig, type ChaosPlan } from './job-chaos.ts';
import { seededRandom } from './seeded-random.ts';
import { freePort, SupervisedGateway } from './supervised-gateway.ts';

/**
 * A batch under a gateway that is killed again and again, from the upload to the last line, with three records
 * that know nothing of each other: what the SDK was told, what the engine was asked, what the database holds.
 */
export interface BatchChaosReport {
  /** `custom_id`s in the order of the output file. */
  readonly output: readonly string[];
  readonly errors: readonly string[];
  readonly sent: readonly string[];
  readonly counts: OpenAI.Batch['request_counts'];
  /** Files that were promised; each must still be there, whole. */
  readonly filesLost: number;
  readonly repeated: number;
  readonly never: number;
}

const ENGINE_MS = 60;
const ENDPOINT = '/v1/chat/completions';

export async function runBatchChaos(plan: ChaosPlan): Promise<BatchChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-chaos-'));
  await using engine = await startCountingEngine('judge', ENGINE_MS);
  const port = await freePort();
  const config = join(folder, 'assay.yaml');
  writeFileSync(config, chaosConfig(engine, { port, concurrency: plan.concurrency }));
  await using gateway = new SupervisedGateway(config, port);
  try {
    await gateway.start();
    return await new BatchChaos(plan, gateway, engine).run();
  } catch (error) {
    throw new Error(`seed ${plan.seed}; the gateway said:\n${gateway.log().slice(-3000)}`, { cause: error });
  } finally {
    await gateway.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

class BatchChaos {
  readonly #plan: ChaosPlan;
  readonly #gateway: SupervisedGateway;
  readonly #engine: CountingEngine;
  readonly #client: OpenAI;
  readonly #random: () => number;

  constructor(plan: ChaosPlan, gateway: SupervisedGateway, engine: CountingEngine) {
    this.#plan = plan;
    this.#gateway = gateway;
    this.#engine = engine;
    this.#client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });
    this.#random = seededRandom(plan.seed);
  }

  async run(): Promise<BatchChaosReport> {
    const { items, kills } = this.#plan;
    const sent = Array.from({ length: items }, (_, n) => `line-${n}`);
    const text = sent.map(lineNamed).join('\n');
    const files = [await this.#upload(text)];
    const [input_file_id = ''] = files;
    const { id } = await this.#client.batches.create({
      input_file_id,
      endpoint: ENDPOINT,
      completion_window: '24h',
    });
    for (let kill = 1; kill <= kills; kill += 1) {
      // Every other time a further file is just coming in.
      const extra = kill % 2 === 0 ? this.#upload(text).catch(() => null) : null;
      await delay(this.#random() * 900);
      await this.#gateway.end('SIGKILL');
      await this.#gateway.start();
      const promised = await extra;
      if (promised !== null) files.push(promised);
    }
    const batch = await this.#untilOver(id);
    const { asked } = this.#engine;
    return {
      sent,
      output: await this.#idsOf(batch.output_file_id),
      errors: await this.#idsOf(batch.error_file_id),
      counts: batch.request_counts,
      filesLost: await this.#countLost(files, text),
      repeated: [...asked.values()].reduce((sum, times) => sum + times - 1, 0),
      never: sent.filter((name) => !asked.has(name)).length,
    };
  }

  async #upload(text: string): Promise<string> {
    const file = await toFile(Buffer.from(text), 'lines.jsonl');
    return (await this.#client.files.create({ file, purpose: 'batch' })).id;
  }

  async #untilOver(id: string): Promise<OpenAI.Batch> {
    for (;;) {
      const batch = await this.#client.batches.retrieve(id);
      if (batch.status === 'completed' || batch.status === 'failed') return batch;
      await delay(200);
    }
  }

  async #idsOf(fileId: string | null | undefined): Promise<string[]> {
    if (fileId === null || fileId === undefined) return [];
    const text = await (await this.#client.files.content(fileId)).text();
    return [...text.matchAll(/"custom_id":"([\w-]+)"/g)].map(([, id = '']) => id);
  }

  async #countLost(files: readonly string[], text: string): Promise<number> {
    let lost = 0;
    for (const file of files) {
      if ((await (await this.#client.files.content(file)).text()) !== text) lost += 1;
    }
    return lost;
  }
}

function lineNamed(name: string): string {
  const messages = [{ role: 'user', content: `<<${name}>>` }];
  const body = { model: 'assay/default', max_tokens: 1, messages };
  return JSON.stringify({ custom_id: name, method: 'POST', url: ENDPOINT, body });
}
