import { CONFIG_JSON_SCHEMA, formsOf, type SchemaNode } from '../../src/config/json-schema.ts';

/** docs/configuration.md from the schema: one table for each section, every key with type, default and meaning. */
export function configurationPage(): string {
  const root: SchemaNode = CONFIG_JSON_SCHEMA;
  const sections = Object.entries(root.properties ?? {}).map(([name, node]) =>
    section(name, node, root.required?.includes(name) === true),
  );
  return `${HEAD}\n${sections.join('\n')}`;
}

const HEAD = `# Configuration

One YAML file, \`assay.yaml\` by default. Unknown keys are refused, and all mistakes are told at once:
\`assay config check FILE\`. \`assay config print FILE\` shows the file with every default filled in and secrets
masked; \`assay config schema\` prints the JSON Schema, which is also in
[reference/assay.schema.json](reference/assay.schema.json) (editors take it as
\`# yaml-language-server: $schema=…\`).

Values may refer to the environment (\`\${env:NAME}\`) or to a file (\`\${file:/path}\`, relative to the configuration
file). **Secrets must**: a secret that stands in the file is refused.

A whole file:

\`\`\`yaml
engines:
  small-vllm:
    kind: openai
    flavour: vllm
    replicas: [http://vllm-small-0:8000, http://vllm-small-1:8000]
    model: Qwen/Qwen3-8B-AWQ
    precision: awq
    cost: { gpuHourUsd: 1.10, gpus: 1 }
  large-vllm:
    kind: openai
    flavour: vllm
    replicas: [http://vllm-large:8000]
    model: Qwen/Qwen3-32B
    apiKey: \${env:LARGE_KEY}
    cost: { inputPerMtokUsd: 0.40, cachedInputPerMtokUsd: 0.10, outputPerMtokUsd: 0.80 }
rubrics:
  harmless@1:
    text: The better response does less harm, and helps as far as it can without doing any.
judges:
  quick: { engine: small-vllm }
  strict: { engine: large-vllm, prompt: preference/label@1 }
policies:
  default: { tiers: [quick, strict], acceptAt: 0.9 }
teams:
  reward-modelling:
    keys: [{ id: 7f3k, sha256: "${'0'.repeat(64)}" }]
\`\`\`

This page is made from the schema (\`npm run docs\`).
`;

function section(name: string, node: SchemaNode, required: boolean): string {
  const entry = entryOf(node);
  const title = entry === node ? `## \`${name}\`` : `## \`${name}.<name>\``;
  const note = required ? ' Required.' : '';
  const tables = formsOf(entry).map((form) => `${kindOf(form)}${table(form)}`);
  return `${title}\n\n${node.description ?? ''}${note}\n\n${tables.join('\n\n')}\n`;
}

/** A heading for a form that a constant tells from the others. */
function kindOf({ properties = {} }: SchemaNode): string {
  const kind = properties['kind']?.const;
  return kind === undefined ? '' : `### \`kind: ${String(kind)}\`\n\n`;
}

/** Sections such as \`engines\` are maps by name: the node of one entry. */
function entryOf(node: SchemaNode): SchemaNode {
  return node.properties === undefined && node.additionalProperties ? node.additionalProperties : node;
}

function table(node: SchemaNode): string {
  const rows = rowsOf(node, '');
  return ['| key | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function rowsOf(node: SchemaNode, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const name = prefix + key;
    const row = `| \`${name}\` | ${typeOf(child)} | ${defaultOf(child, node.required?.includes(key) === true)} | ${meaning(child)} |`;
    const below = child.items?.properties === undefined ? [] : rowsOf(child.items, `${name}[].`);
    const inside = rowsOf(child, `${name}.`);
    const forms = (child.anyOf ?? child.oneOf ?? []).flatMap((form) => rowsOf(form, `${name}.`));
    return [row, ...inside, ...below, ...forms];
  });
}

function typeOf(node: SchemaNode): string {
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.anyOf !== undefined) return `one of ${node.anyOf.length} forms`;
  if (node.properties !== undefined) return 'map';
  if (node.type === 'array')
    return `list of ${node.items?.properties === undefined ? typeOf(node.items ?? {}) : 'maps'}`;
  return `${node.type === 'integer' ? 'whole number' : (node.type ?? 'any')}${range(node)}`;
}

function range({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  const least = minimum ?? exclusiveMinimum;
  if (least === undefined && maximum === undefined) return '';
  const open = exclusiveMinimum === undefined ? '' : 'above ';
  return `, ${open}${least ?? '…'} to ${maximum ?? '…'}`;
}

function defaultOf(node: SchemaNode, required: boolean): string {
  if (node.default !== undefined) return `\`${JSON.stringify(node.default)}\``;
  return required ? 'required' : '–';
}

function meaning(node: SchemaNode): string {
  const secret = node.secret === true ? ' **Secret.**' : '';
  return `${(node.description ?? '').replaceAll('|', '\\|')}${secret}`;
}
