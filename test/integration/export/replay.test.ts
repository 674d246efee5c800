import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, jsonLines, readJsonLines, temporaryFolder } from '../../fakes/cli-runner.ts';
import { type FeedbackGateway, startFeedbackGateway } from '../../fakes/feedback-gateway.ts';

const COUNT = 12;

/** An export that a gateway labelled, asked for again at that gateway and past its label cache. */
describe('assay replay', () => {
  let gateway: FeedbackGateway;
  const at = temporaryFolder({
    'items.jsonl': jsonLines(
      Array.from({ length: COUNT }, (_, n) => ({
        id: `i${n}`,
        prompt: `Which of them is number ${n}?`,
        candidates: [`The first is ${n}.`, `It is the second, not ${n}.`],
      })),
    ),
  });
  const manifest = at('dpo.jsonl.manifest.json');

  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      judges: { strict: { engine: 'large' }, quick: { engine: 'small' } },
      policies: { default: { tiers: ['strict'] }, cheap: { tiers: ['quick'] } },
    });
    const labelled = await cli([
      'label',
      at('items.jsonl'),
      '-o',
      at('labels.jsonl'),
      '--url',
      gateway.url,
      '--quiet',
      '--sample',
      'random',
      '--share',
      '1',
    ]);
    if (labelled.code !== 0) throw new Error(labelled.stderr);
    await exported();
  });
  afterAll(() => gateway.close());

  const exported = async (): Promise<void> => {
    const { code } = await cli([
      'export',
      at('items.jsonl'),
      at('labels.jsonl'),
      '-o',
      at('dpo.jsonl'),
      '--manifest',
      '--ties',
      'soft',
    ]);
    expect(code).toBe(0);
  };
  const replayed = async (...more: string[]) => {
    const { code, stdout, stderr } = await cli(['replay', manifest, '--url', gateway.url, ...more]);
    return { code, stdout, stderr };
  };

  it('finds the same labels at the same judges, asked anew', async () => {
    const { code, stdout } = await replayed('--json');
    expect(JSON.parse(stdout)).toMatchObject({ same: COUNT, differs: 0, failed: 0, gone: [], added: [] });
    // Had the label cache answered, it had cost nothing.
    expect(JSON.parse(stdout)).toMatchObject({ costUsd: expect.toSatisfy((usd: number) => usd > 0) });
    expect(code).toBe(0);
  });

  it('tells how the rows were read and drawn', () => {
    expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({
      made: { format: 'assay' },
      samplings: ['random, share 1, seed 1'],
    });
  });

  it('tells other labels, other judges, and ends with 1', async () => {
    const rows = readJsonLines(at('labels.jsonl'));
    const turned = { a: 'b', b: 'a', tie: 'a' };
    const [first, ...others] = rows;
    // As if a judge of another day had said the other.
    const label = first?.['label'] === 'a' ? turned.a : turned.b;
    writeFileSync(at('labels.jsonl'), jsonLines([{ ...first, label }, ...others]));
    await exported();
    const { code, stdout } = await replayed('--limit', '3');
    expect(stdout).toContain('3 items were asked again');
    expect(stdout).toContain('differs  1');
    expect(stdout).toContain('differs: i0:');
    expect(code).toBe(1);
    expect((await replayed('--limit', '3', '--may-differ', '0.4')).code).toBe(0);
    const other = await replayed('--policy', 'cheap', '--limit', '2');
    expect(other.stdout).toContain('not asked any more: strict: large on large');
    expect(other.stdout).toContain('not asked before: quick: small on small');
  });

  it('counts an item without a judgment as failed, never as the same', async () => {
    await gateway.faults('large', { nan: true });
    try {
      const { code, stdout } = await replayed('--limit', '1', '--json');
      expect(JSON.parse(stdout)).toMatchObject({ same: 0, failed: 1 });
      expect(code).toBe(1);
    } finally {
      await gateway.faults('large', { nan: false });
    }
  });

  it('refuses files that changed, and what is no manifest', async () => {
    appendFileSync(at('items.jsonl'), '\n');
    expect(await replayed()).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('items.jsonl: is changed'),
    });
    writeFileSync(manifest, '{}');
    expect(await replayed()).toMatchObject({ code: 2, stderr: expect.stringContaining('is no manifest') });
    expect(await cli(['replay', at('none.json')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no such file'),
    });
  });
});
