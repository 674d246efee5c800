import { z } from 'zod';
import { configSchema } from '../../../src/config/schema.ts';
import { valuesSchema } from './values.ts';

/**
 * `values.schema.json`: the chart's own values, and under `config` the gateway's schema without what the
 * chart sets itself. Draft 7, which helm 3 and helm 4 both read; helm's engine for patterns is Go's.
 */
type Node = z.core.JSONSchema.BaseSchema;

/** Set by the chart, from other values. */
const SET_BY_CHART = ['storage', 'metrics'];
const SET_INSIDE: Readonly<Record<string, readonly string[]>> = {
  server: ['host', 'port', 'lookAwayMs'],
  admin: ['host', 'port'],
  cache: ['redis'],
};

export function valuesJsonSchema(): Node {
  const schema = toJson(valuesSchema);
  const properties = { ...schema.properties, config: configNode() };
  // Helm checks the values after the defaults were merged in, so that nothing is missing.
  return { title: 'Values of the Assay chart', ...schema, properties };
}

function toJson(schema: z.ZodType): Node {
  return z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
}

function configNode(): Node {
  const { $schema: _, required: __, ...schema } = toJson(configSchema);
  const properties = Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([key]) => !SET_BY_CHART.includes(key))
      .map(([key, node]) => [key, without(node, SET_INSIDE[key] ?? [])]),
  );
  const description = valuesSchema.shape.config.description ?? '';
  return withReferences({ ...schema, description, properties });
}

function without(node: Node | boolean, keys: readonly string[]): Node | boolean {
  if (typeof node === 'boolean') return node;
  const { default: _, ...rest } = node;
  const properties = Object.entries(node.properties ?? {}).filter(([key]) => !keys.includes(key));
  return keys.length === 0 ? node : { ...rest, properties: Object.fromEntries(properties) };
}

/** `${env:…}` and `${file:…}` may stand for any text: patterns hold for what they lead to. */
function withReferences<T>(value: T): T;
function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => withReferences(entry));
  if (typeof value !== 'object' || value === null) return value;
  const node = Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      key === 'propertyNames' ? entry : withReferences(entry),
    ]),
  );
  if (node['type'] !== 'string' || !('pattern' in node || 'format' in node)) return node;
  const { pattern, format, ...rest } = node;
  const own = format === undefined ? { pattern } : { format };
  return { ...rest, anyOf: [own, { pattern: '\\$\\{(env|file):' }] };
}
