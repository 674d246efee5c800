import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/loader.ts';
import { renderConfig } from '../../../src/config/print.ts';
import { ConfigError } from '../../../src/contracts/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const builtInTemplates = join(import.meta.dirname, '../../../src/judging/templates');

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function load(text: string, environment: Record<string, string> = {}) {
  return loadConfig(write('assay.yaml', text), { environment, builtInTemplates });
}

/** `line:column path: message` of every problem. */
function problemsOf(text: string, environment: Record<string, string> = {}): string[] {
  try {
    load(text, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  }
  return [];
}

const GOOD = `
engines:
  small:
    kind: openai
    replicas: [http://127.0.0.1:8000]
    model: m
    cost: {gpuHourUsd: 1}
judges:
  quick: {engine: small}
policies:
  default: {tiers: [quick]}
`;

describe('a good configuration', () => {
  it('gets its defaults from the schema', () => {
    const { config } = load(GOOD);
    expect(config.server).toEqual({
      host: '127.0.0.1',
      port: 8080,
      allowAnonymous: false,
      requireKey: false,
      bodyLimitBytes: 4_194_304,
      maxItems: 1000,
      heartbeatMs: 15_000,
      lookAwayMs: 0,
      drainMs: 30_000,
    });
    expect(config.engines['small']).toMatchObject({ flavour: 'vllm', cost: { gpuHourUsd: 1, gpus: 1 } });
    expect(config.judges['quick']).toEqual({
      engine: 'small',
      prompt: 'preference/label',
      itemsPerPrompt: 1,
      orders: 'both',
      maxTokens: 1024,
      temperature: 0,
    });
  });

  it('knows a Triton with its backend, and replicas found by DNS', () => {
    const { config } = load(
      GOOD.replace(
        'kind: openai\n    replicas: [http://127.0.0.1:8000]',
        'kind: triton\n    backend: vllm\n    discovery: {url: "grpc://triton:8001"}',
      ),
    );
    expect(config.engines['small']).toMatchObject({
      kind: 'triton',
      backend: 'vllm',
      chatTemplate: 'chatml',
      replicas: [],
      discovery: { url: 'grpc://triton:8001', everyMs: 10_000 },
      messageLimitBytes: 67_108_864,
    });
  });

  it('may begin with a byte order mark', () => {
    expect(load(`\uFEFF${GOOD}`).config.policies['default']?.tiers).toEqual(['quick']);
  });

  it('finds the newest version of a template, or the one named', () => {
    const { templates } = load(GOOD);
    expect(templates.find('preference/label')).toMatchObject({ name: 'preference/label', version: 1 });
    expect(templates.find('preference/label@1')).toBe(templates.find('preference/label'));
    expect(templates.find('preference/label@99')).toBeUndefined();
  });
});

describe('a configuration with mistakes', () => {
  it('tells all of them at once, each with its place, what was found and what is allowed', () => {
    const text = `engines:
  small:
    kind: openai
    flavor: vllm
    replicas: [http://127.0.0.1:8000]
    model: m
    cost: {gpuHourUsd: -1}
judges:
  quick: {engine: smal}
policies:
  default: {tiers: [quick, strict], acceptAt: 1.5, deadlineMs: soon}
`;
    expect(problemsOf(text)).toEqual([
      '4:5 engines.small.flavor: is not a known key here. Did you mean "flavour"? Allowed: kind, flavour, replicas, model, apiKey, priority, isolate, connections, connectTimeoutMs, replyLimitBytes, precision, family, cost, discovery, resilience, coalesce, queue, warmUpTimeoutMs',
      '7:12 engines.small.cost.gpuHourUsd: found -1, expected a number of at least 0',
      '9:11 judges.quick.engine: there is no engine "smal". Did you mean "small"? Known: small',
      '11:28 policies.default.tiers[1]: there is no judge "strict". Known: quick',
      '11:37 policies.default.acceptAt: found 1.5, expected a number of at most 1',
      '11:52 policies.default.deadlineMs: found "soon", expected a number',
    ]);
  });

  it.each([
    [
      '',
      [
        '1:1 engines: is missing; expected a map',
        '1:1 judges: is missing; expected a map',
        '1:1 policies: is missing; expected a map',
      ],
    ],
    ['just text', ['1:1 : found "just text", expected a map']],
    ['a: 1\na: 2\n', ['2:1 : Map keys must be unique']],
    [
      'a: [1\nb: {x\nc: 3\nd: }\n',
      [
        '2:1 : Flow sequence in block collection must be sufficiently indented and end with a ]',
        '3:1 : Flow map in block collection must be sufficiently indented and end with a }',
        '4:4 : Unexpected flow-map-end token in YAML stream: "}"',
      ],
    ],
    [
      GOOD.replace('tiers: [quick]', 'tiers: [quick, quick]'),
      ['11:28 policies.default.tiers[1]: "quick" is already a tier of this policy'],
    ],
    [
      GOOD.replace('{gpuHourUsd: 1}', '{gpuHourUsd: 1, outputPerMtokUsd: 2}'),
      [
        '7:27 engines.small.cost.outputPerMtokUsd: is not a known key here. Allowed: inputPerMtokUsd, cachedInputPerMtokUsd, outputPerMtokUsd (or) gpuHourUsd, gpus',
      ],
    ],
    [
      GOOD.replace('{gpuHourUsd: 1}', '{inputPerMtokUsd: 1}'),
      [
        '7:5 engines.small.cost: fits none of the 2 forms: (1) with outputPerMtokUsd as a number; (2) with gpuHourUsd as a number and without inputPerMtokUsd',
      ],
    ],
    [
      GOOD.replace('    model: m', '    model: m\n    discovery: {url: "http://x:1"}'),
      ['3:3 engines.small: has replicas and a discovery; keep one of them'],
    ],
    [
      GOOD.replace(/ +replicas:.*\n/, ''),
      ['3:3 engines.small: needs replicas, or a discovery that finds them'],
    ],
    [
      GOOD.replace('{engine: small}', '{engine: small, itemsPerPrompt: 4}'),
      [
        '9:26 judges.quick.itemsPerPrompt: the prompt preference/label shows one item; take preference/several, or a template of your own with "item"',
      ],
    ],
    [
      GOOD.replace('{engine: small}', '{engine: small, prompt: preference/several}'),
      ['9:26 judges.quick.prompt: preference/several shows several items: it needs itemsPerPrompt, 2 to 8'],
    ],
    [
      GOOD.replace('kind: openai', 'kind: triton\n    backend: vllm')
        .replace('http://', 'grpc://')
        .replace('{engine: small}', '{engine: small, prompt: preference/several, itemsPerPrompt: 9}'),
      [
        '10:54 judges.quick.itemsPerPrompt: found 9, expected a number of at most 8',
        '10:54 judges.quick.itemsPerPrompt: the engine "small" is of kind triton, which tells one label a call; several in one answer need kind openai',
      ],
    ],
    [
      GOOD.replace('{gpuHourUsd: 1}', '5'),
      ['7:5 engines.small.cost: fits none of the 2 forms: (1) with a map; (2) with a map'],
    ],
    [
      GOOD.replace('  small:', '  Small Engine:'),
      [
        '3:3 engines.Small Engine: "Small Engine" is not a valid name here: text that matches /^[a-z0-9][a-z0-9-]{0,62}$/',
        '9:11 judges.quick.engine: there is no engine "small". Known: Small Engine',
      ],
    ],
    [
      `${GOOD}server: {host: 0.0.0.0}\n`,
      [
        '12:10 server.host: "0.0.0.0" is reachable by others and there are no teams with API keys; add teams (assay keys new), set server.requireKey: true for teams and keys in the ledger, or server.allowAnonymous: true',
      ],
    ],
  ])('%j', (text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('refuses one key id for two teams', () => {
    const key = `{id: k1, sha256: "${'0'.repeat(64)}"}`;
    expect(problemsOf(`${GOOD}teams:\n  x: {keys: [${key}]}\n  y: {keys: [${key}]}\n`)).toEqual([
      '14:15 teams.y.keys[0].id: the key id "k1" is already used by team "x"',
    ]);
  });

  it('says when there is no such file', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'), { environment: {}, builtInTemplates })).toThrow(
      expect.objectContaining({
        problems: [{ path: '', line: null, column: null, message: 'there is no such file' }],
      }),
    );
  });
});

describe('secrets', () => {
  const withKey = (apiKey: string) => GOOD.replace('    model: m', `    model: m\n    apiKey: ${apiKey}`);

  it('come from the environment or from a file', () => {
    const file = write('secret', 'from-file\n');
    expect(
      load(withKey('${env:ENGINE_KEY}'), { ENGINE_KEY: 'from-env' }).config.engines['small'],
    ).toMatchObject({ apiKey: 'from-env' });
    expect(load(withKey(`\${file:${file}}`)).config.engines['small']).toMatchObject({ apiKey: 'from-file' });
    expect(load(withKey('${file:secret}')).config.engines['small']).toMatchObject({ apiKey: 'from-file' });
  });

  it('never stand in the file, and messages never show them', () => {
    expect(problemsOf(withKey('sk-oops'))).toEqual([
      '7:5 engines.small.apiKey: a secret must not stand in the file; write ${env:NAME} or ${file:/path}',
    ]);
    expect(problemsOf(withKey('${env:EMPTY}'), { EMPTY: '' })).toEqual([
      '7:5 engines.small.apiKey: found a value, expected a text with a length of at least 1',
    ]);
  });

  it('must be there', () => {
    expect(problemsOf(withKey('${env:NOPE}'))).toEqual([
      '7:5 engines.small.apiKey: the environment has no variable NOPE',
    ]);
    expect(problemsOf(withKey('${file:/no/such/file}'))).toEqual([
      '7:5 engines.small.apiKey: the file /no/such/file cannot be read (ENOENT)',
    ]);
    expect(problemsOf(withKey('${vault:x}'))).toEqual([
      '7:5 engines.small.apiKey: "${vault:x}" is no reference; write ${env:NAME} or ${file:/path}',
    ]);
  });

  it('are masked when the configuration is printed', () => {
    const text = withKey('${env:KEY}').replace('http://127.0.0.1:8000', "'${env:URL}'");
    const printed = renderConfig(load(text, { KEY: 'hush-hush', URL: 'http://10.0.0.1:1' }));
    expect(printed).not.toContain('hush-hush');
    expect(printed).toContain('apiKey: "********"');
    expect(printed).toContain('- ${env:URL}');
    expect(printed).toContain('deadlineMs: 60000');
  });
});

describe('own prompt templates', () => {
  const template = `name: preference/terse
version: 2
task: preference
labels: {first: [A], second: [B], tie: [C]}
defaultRubric: be brief
messages:
  - role: user
    content: "{{nonce}} {{prompt}} {{first}} {{second}}"
`;

  it('stand beside the built-in ones', () => {
    const own = mkdtempSync(join(folder, 'prompts-'));
    writeFileSync(join(own, 'terse.yaml'), template);
    const { templates } = load(
      `${GOOD}prompts: {directory: ${own}}\n`.replace(
        '{engine: small}',
        '{engine: small, prompt: preference/terse@2}',
      ),
    );
    expect(templates.find('preference/terse')?.defaultRubric).toBe('be brief');
  });

  it.each([
    [
      'an unknown slot',
      template.replace('{{prompt}}', '{{prompt}} {{question}}'),
      '{{question}} is no slot; slots are rubric, prompt, first, second, nonce',
    ],
    ['no fence', template.replace('{{nonce}} ', ''), 'the slot {{nonce}} is missing'],
    [
      'one spelling for two labels',
      template.replace('second: [B]', 'second: [A]'),
      'two labels are spelled "A"',
    ],
  ])('are refused with %s', (_, text, message) => {
    const own = mkdtempSync(join(folder, 'prompts-'));
    writeFileSync(join(own, 'broken.yaml'), text);
    expect(() => load(`${GOOD}prompts: {directory: ${own}}\n`)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ message })] }),
    );
  });
});
