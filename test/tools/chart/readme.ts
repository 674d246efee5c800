import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { valuesJsonSchema } from './values-schema.ts';

/** The chart's README: every value with its default and meaning. */
type Node = z.core.JSONSchema.BaseSchema;

const HEAD = `# The chart of Assay

Made from \`test/tools/chart/\` by \`npm run docs\`. How to install it: [docs/deploy/kubernetes.md](../../docs/deploy/kubernetes.md).
Unknown keys and wrong types are refused by \`values.schema.json\`; what does not fit together, by the templates with a
sentence ([what the chart refuses](../../docs/deploy/kubernetes.md#what-the-chart-refuses)).

`;

const TABLE = '| value | default | meaning |\n|---|---|---|\n';

export function chartReadme(): string {
  const values: unknown = parse(
    readFileSync(join(import.meta.dirname, '../../../helm/assay/values.yaml'), 'utf8'),
  );
  const schema = valuesJsonSchema();
  const { engines, config, ...others } = schema.properties ?? {};
  const own: Node = { properties: { ...others, config: leaf(config), engines: leaf(engines) } };
  const engine = typeof engines === 'object' ? engines.additionalProperties : undefined;
  return (
    `${HEAD}## Values\n\n${TABLE}${rows(own, '', values).join('\n')}\n\n` +
    `## An engine\n\nKeys of \`engines.<id>\`.\n\n${TABLE}${rows(node(engine), '', undefined).join('\n')}\n`
  );
}

/** Its inside has a page or table of its own. */
function leaf(inner: Node | boolean | undefined): Node {
  const { description } = node(inner);
  return description === undefined ? {} : { description };
}

function node(value: Node | boolean | undefined): Node {
  return typeof value === 'object' ? value : {};
}

function rows(schema: Node, prefix: string, values: unknown): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const inner = node(child);
    const path = prefix === '' ? key : `${prefix}.${key}`;
    const value: unknown = Reflect.get(Object(values), key);
    if (inner.properties !== undefined) return rows(inner, path, value);
    return [`| \`${path}\` | ${shown(value)} | ${meaning(inner)} |`];
  });
}

function meaning({ description, enum: choices }: Node): string {
  const allowed =
    choices === undefined ? '' : ` One of ${choices.map((choice) => `\`${String(choice)}\``).join(', ')}.`;
  return `${(description ?? '').replaceAll('|', '\\|')}${allowed}`;
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  const text = JSON.stringify(value);
  return `\`${text.length > 60 ? '…' : text.replaceAll('|', '\\|')}\``;
}
