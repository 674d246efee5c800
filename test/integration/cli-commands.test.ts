import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, type EngineStatus, type ServeOptions } from '../../src/contracts/program.ts';
import type { SimulatorOptions } from '../../src/contracts/simulator.ts';
import { cli, startCli, temporaryFolder } from '../fakes/cli-runner.ts';
import { type FakeGateway, startFakeGateway } from '../fakes/fake-gateway.ts';

function unexpected(): never {
  throw new Error('no test reloads this gateway');
}

const problems = [
  { path: 'engines.small.replicas', line: 4, column: 15, message: 'is needed' },
  { path: 'polices', line: 9, column: 1, message: 'is no known key; allowed: policies' },
  { path: '', line: null, column: null, message: 'no policy is configured' },
];
const lines = [
  'error: my.yaml:4:15: engines.small.replicas: is needed',
  'error: my.yaml:9:1: polices: is no known key; allowed: policies',
  'error: my.yaml: no policy is configured',
];

describe('assay', () => {
  it('prints help and version to stdout', async () => {
    const help = await cli(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['demo', 'label', 'serve', 'doctor', 'config', 'keys', 'simulate']) {
      expect(help.stdout).toMatch(new RegExp(`^  ${command}`, 'm'));
      const own = await cli([command, '--help']);
      expect(own.code).toBe(0);
      expect(own.stdout).toContain(`Usage: assay ${command}`);
    }
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it.each([
    [[]],
    [['labl']],
    [['label']],
    [['label', 'in']],
    [['serve', '--prot', '1']],
    [['config', 'check']],
  ])('ends %j with exit code 2 and a hint', async (argv) => {
    const { code, stdout, stderr } = await cli(argv);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });

  it('says where a defect is only when asked', async () => {
    const program = {
      configSchema: () => {
        throw new TypeError('oops');
      },
    };
    const quiet = await cli(['config', 'schema'], { program });
    expect(quiet).toMatchObject({ code: 3, stdout: '' });
    expect(quiet.stderr).toContain('oops');
    expect(quiet.stderr).not.toContain('cli-commands.test.ts');
    const loud = await cli(['config', 'schema'], { program, env: { ASSAY_DEBUG: '1' } });
    expect(loud.stderr).toContain('cli-commands.test.ts');
  });
});

describe('assay config', () => {
  it('tells every problem with its place, wherever a configuration is read', async () => {
    const fail = async (): Promise<never> => {
      throw new ConfigError('my.yaml', problems);
    };
    const program = {
      checkConfig: async () => ({ ok: false as const, problems }),
      printConfig: fail,
      serve: fail,
      doctor: fail,
    };
    const at = temporaryFolder({ 'in.jsonl': '{"prompt":"p","candidates":["x","y"]}\n' });
    for (const argv of [
      ['config', 'check', 'my.yaml'],
      ['config', 'print', 'my.yaml'],
      ['serve', '--config', 'my.yaml'],
      ['doctor', '--config', 'my.yaml'],
      ['label', at('in.jsonl'), '-o', at('out'), '--config', 'my.yaml'],
    ]) {
      const { code, stdout, stderr } = await cli(argv, { program });
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr.trimEnd().split('\n')).toEqual(lines);
    }
  });

  it('checks, prints and describes', async () => {
    const program = {
      checkConfig: async () => ({ ok: true as const, summary: '2 engines' }),
      printConfig: async () => 'server: {}',
      configSchema: () => ({ type: 'object' }),
    };
    expect(await cli(['config', 'check', 'f'], { program })).toMatchObject({
      code: 0,
      stdout: 'ok  f: 2 engines\n',
    });
    expect(await cli(['config', 'print', 'f'], { program })).toMatchObject({
      code: 0,
      stdout: 'server: {}\n',
    });
    const schema = await cli(['config', 'schema'], { program });
    expect(JSON.parse(schema.stdout)).toEqual({ type: 'object' });
  });
});

describe('assay keys new', () => {
  it('prints a key once with the lines for the configuration', async () => {
    const { code, stdout } = await cli(['keys', 'new', '--team', 'reward-modelling']);
    expect(code).toBe(0);
    const [key = ''] = stdout.split('\n');
    const parts = /^assay_([a-z][a-z0-9]{7})_[A-Za-z0-9]{43}$/.exec(key);
    expect(parts).not.toBeNull();
    const sha256 = createHash('sha256').update(key).digest('hex');
    expect(stdout).toContain(
      `teams:\n  reward-modelling:\n    keys:\n      - {id: ${parts?.[1]}, sha256: "${sha256}"}\n`,
    );
    expect(stdout.split(key)).toHaveLength(2);
    expect((await cli(['keys', 'new', '--team', 'x'])).stdout).not.toContain(key);
    expect((await cli(['keys', 'new', '--team', 'a: b'])).code).toBe(2);
  });
});

describe('assay doctor', () => {
  const report = {
    model: 'judge-8b',
    version: '0.11.2',
    fingerprint: 'fp_1',
    maxModelTokens: 16_384,
    route: 'label_ids' as const,
    labels: { 'preference/label@1': { first: [32], second: [33], tie: [] } },
    finite: true,
    repeatError: 0.001,
    reportsCachedTokens: true,
    capabilities: {
      routes: ['label_ids' as const],
      topLogprobs: 20,
      tokenizer: true,
      promptArrays: true,
      labelBatch: 128,
      structuredOutput: true,
      priority: false,
      cacheSalt: true,
      load: true,
    },
  };
  const replica = { inFlight: 0, url: 'http://10.0.0.1:8000', name: 'small/0' };
  const well: EngineStatus = {
    engine: 'small',
    kind: 'openai/vllm',
    model: 'judge-8b',
    replicas: [
      {
        ...replica,
        ready: true,
        reason: null,
        report: { ...report, repeatError: 0, labels: { p: { first: [32], second: [33], tie: [34] } } },
      },
    ],
  };
  const ill: EngineStatus = {
    ...well,
    engine: 'large',
    replicas: [
      { ...replica, name: 'large/0', ready: false, reason: 'label "tie" is no single token', report },
      {
        ...replica,
        name: 'large/1',
        url: 'http://10.0.0.2:8000',
        ready: false,
        reason: 'connection refused',
        report: null,
      },
    ],
  };

  it('is content when every replica is ready', async () => {
    const { code, stdout } = await cli(['doctor'], { program: { doctor: async () => [well] } });
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'small  openai/vllm, model judge-8b',
        '  replica               ready  context  labels   logprobs   finite  repeatable  version  fingerprint',
        '  http://10.0.0.1:8000  yes     16,384  3 found  label_ids  yes     exact       0.11.2   fp_1',
        '  can: 20 top log-probabilities, tokenizer, prompt arrays, label batches, structured output, cache salt, cached tokens, load; not: priority',
        '',
        '1 of 1 replicas ready',
        '',
      ].join('\n'),
    );
  });

  it('names what is wrong and ends with exit code 1', async () => {
    const { code, stdout } = await cli(['doctor'], { program: { doctor: async () => [well, ill] } });
    expect(code).toBe(1);
    expect(stdout).toContain('no tie');
    expect(stdout).toContain('±0.0010 nat');
    expect(stdout).toContain('large/0 is not ready: label "tie" is no single token');
    expect(stdout).toContain('large/1 is not ready: connection refused');
    expect(stdout).toContain('1 of 3 replicas ready');
  });

  it('prints JSON, and hands the time limit over in milliseconds', async () => {
    const asked: unknown[] = [];
    const doctor = async (...args: unknown[]): Promise<EngineStatus[]> => {
      asked.push(args);
      return [well];
    };
    const argv = ['doctor', '--config', 'c.yaml', '--timeout', '1.5', '--json'];
    const { stdout } = await cli(argv, { program: { doctor } });
    expect(JSON.parse(stdout)).toMatchObject([{ engine: 'small' }]);
    expect(asked).toEqual([['c.yaml', 1500]]);
  });
});

describe('assay serve', () => {
  function running(close: () => Promise<void>) {
    return {
      url: 'http://127.0.0.1:8080',
      apiKey: null,
      adminUrl: null,
      reload: unexpected,
      policies: ['default', 'strict'],
      tiers: [],
      plans: {},
      judgeParts: {},
      families: {},
      ready: async () => [],
      close,
    };
  }

  it('serves until it is interrupted, then drains', async () => {
    const served: ServeOptions[] = [];
    const closed: string[] = [];
    const run = startCli(['serve', '--config', 'c.yaml', '--host', '::1', '--port', '0'], {
      program: {
        serve: async (options) => {
          served.push(options);
          return running(async () => void closed.push('gateway'));
        },
      },
    });
    await run.untilShown('Assay serves http://127.0.0.1:8080, policies default, strict');
    expect(closed).toEqual([]);
    run.interrupt();
    expect(await run.result).toMatchObject({ code: 0, stdout: '' });
    expect(closed).toEqual(['gateway']);
    expect(served).toEqual([{ source: { type: 'file', path: 'c.yaml' }, host: '::1', port: 0, log: true }]);
  });

  it('does not wait for the drain at a second interrupt', async () => {
    const run = startCli(['serve'], {
      program: { serve: async () => running(() => new Promise(() => undefined)) },
    });
    await run.untilShown('Assay serves');
    run.interrupt();
    await run.untilShown('Stopping');
    run.interrupt();
    expect((await run.result).code).toBe(130);
  });

  it('offers the simulated engines, which know the shipped pairs', async () => {
    const served: ServeOptions[] = [];
    const run = startCli(['serve', '--simulated'], {
      program: {
        serve: async (options) => {
          served.push(options);
          return running(async () => undefined);
        },
      },
    });
    await run.untilShown('Assay serves');
    run.interrupt();
    await run.result;
    const source = served[0]?.source;
    expect(source?.type === 'simulated' ? source.preferences.length : 0).toBeGreaterThan(50);
    expect((await cli(['serve', '--simulated', '--config', 'c.yaml'])).code).toBe(2);
    expect((await cli(['serve', '--port', '70000'])).stderr).toContain('--port: "70000" is no whole number');
  });

  it('says that an address is taken', async () => {
    const taken = Object.assign(new Error('listen EADDRINUSE: address already in use 127.0.0.1:8080'), {
      syscall: 'listen',
    });
    const program = { serve: () => Promise.reject(taken) };
    const { code, stderr } = await cli(['serve'], { program });
    expect(code).toBe(2);
    expect(stderr).toBe('error: listen EADDRINUSE: address already in use 127.0.0.1:8080\n');
  });
});

describe('assay simulate', () => {
  it('hands every flag over and stops when interrupted', async () => {
    const started: SimulatorOptions[] = [];
    const closed: string[] = [];
    const argv = [
      'simulate',
      '--port',
      '0',
      '--model',
      'm',
      '--api-key',
      'k',
      '--no-label-ids',
      '--seed',
      's',
    ];
    const more = [
      '--sharpness',
      '3',
      '--position-bias',
      '-0.5',
      '--first-token-ms',
      '7',
      '--prefill-ms',
      '8',
    ];
    const rest = ['--max-queued', '9', '--warm-up-ms', '10', '--replay', 'r.jsonl', '--judge', 'gpt'];
    const run = startCli([...argv, ...more, ...rest], {
      program: {
        simulate: async (options) => {
          started.push(options);
          return { url: 'http://127.0.0.1:1234', close: async () => void closed.push('simulator') };
        },
      },
    });
    await run.untilShown('interrupt to stop');
    run.interrupt();
    expect(await run.result).toMatchObject({ code: 0, stdout: 'http://127.0.0.1:1234\n' });
    expect(closed).toEqual(['simulator']);
    expect(started).toEqual([
      {
        flavour: 'vllm',
        host: '127.0.0.1',
        port: 0,
        model: 'm',
        apiKey: 'k',
        maxModelTokens: 16_384,
        labelIds: false,
        judge: { seed: 's', sharpness: 3, noise: 1, positionBias: -0.5, labelMass: 0.98, preferences: [] },
        clock: {
          firstTokenMs: 7,
          prefillMsPer1000Tokens: 8,
          interTokenMs: 2,
          maxRunning: 64,
          maxQueued: 9,
          logprobsWarmUpMs: 10,
        },
        replay: { path: 'r.jsonl', judge: 'gpt' },
      },
    ]);
  });

  it('refuses flags that do not fit, all at once', async () => {
    const { code, stderr } = await cli([
      'simulate',
      '--flavour',
      'x',
      '--label-mass',
      '2',
      '--max-running',
      '0',
    ]);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toEqual([
      'error: --flavour: must be one of vllm, trtllm, sglang, llamacpp, ollama, openai',
      'error: --label-mass: "2" is no number from 0.001 to 1',
      'error: --max-running: "0" is no whole number from 1 to 100000',
    ]);
    expect((await cli(['simulate', '--replay', 'x'])).code).toBe(2);
  });
});

describe('assay demo', () => {
  const gateways: FakeGateway[] = [];
  const temporary = process.env['TMPDIR'];
  beforeEach(() => {
    process.env['TMPDIR'] = mkdtempSync(join(tmpdir(), 'assay-test-'));
  });
  afterEach(async () => {
    rmSync(process.env['TMPDIR'] ?? '', { recursive: true });
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
    for (const gateway of gateways.splice(0)) await gateway.close();
  });

  it('judges the shipped pairs by the cascade and by the large judge, and leaves nothing behind', async () => {
    const gateway = await startFakeGateway();
    gateways.push(gateway);
    const pairs = readFileSync(new URL('../../src/cli/demo/pairs.jsonl', import.meta.url), 'utf8')
      .trim()
      .split('\n').length;
    const closed: string[] = [];
    const { code, stdout } = await cli(['demo'], {
      program: {
        serve: async () => ({
          url: gateway.url,
          apiKey: null,
          adminUrl: null,
          reload: unexpected,
          policies: ['default', 'always-large'],
          tiers: ['small', 'large'],
          plans: {},
          judgeParts: {},
          families: {},
          ready: async () => [],
          close: async () => void closed.push('gateway'),
        }),
      },
    });
    expect(code).toBe(0);
    expect(closed).toEqual(['gateway']);
    expect(readdirSync(tmpdir())).toEqual([]);
    expect(gateway.asked.map(({ policy }) => policy)).toEqual([
      ...Array.from({ length: pairs }, () => null),
      ...Array.from({ length: pairs }, () => 'always-large'),
    ]);
    // The judges never see the gold label.
    expect(new Set(gateway.asked.flatMap(({ metadata }) => Object.keys(metadata)))).toEqual(
      new Set(['domain']),
    );
    for (const text of ['Labels by tier', 'agrees with gold', 'always large', 'trail', 'Next']) {
      expect(stdout).toContain(text);
    }
  });

  it('cleans up when interrupted', async () => {
    const gateway = await startFakeGateway({ delayMs: 60_000 });
    gateways.push(gateway);
    const run = startCli(['demo'], {
      program: {
        serve: async () => ({
          url: gateway.url,
          apiKey: null,
          adminUrl: null,
          reload: unexpected,
          policies: ['default'],
          tiers: [],
          plans: {},
          judgeParts: {},
          families: {},
          ready: async () => [],
          close: async () => undefined,
        }),
      },
    });
    await gateway.untilAsked(1);
    expect(readdirSync(tmpdir())).toHaveLength(1);
    run.interrupt();
    expect((await run.result).code).toBe(130);
    expect(readdirSync(tmpdir())).toEqual([]);
  });
});
