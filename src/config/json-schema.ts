import { z } from 'zod';
import { configSchema } from './schema.ts';

/** A node of JSON Schema, as far as this room reads it. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | false;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly secret?: boolean;
}

/** JSON Schema 2020-12 of the configuration file, for editors and for the chart. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: 'Assay configuration',
    ...z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' }),
  };
}

/** The same as typed nodes. */
export function configSchemaNode(): SchemaNode {
  return configJsonSchema();
}

/** Keys that may stand at `path`, for messages about unknown ones: one list for each form of the value. */
export function propertiesAt(path: readonly PropertyKey[]): string[][] {
  const node = nodeAt(path);
  return (node?.anyOf ?? [node]).map((form) => Object.keys(form?.properties ?? {}));
}

/** True where the schema says that the value is a secret. */
export function isSecretPath(path: readonly PropertyKey[]): boolean {
  return nodeAt(path)?.secret === true;
}

function nodeAt(path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = configSchemaNode();
  for (const part of path) {
    if (node === undefined) return undefined;
    node = typeof part === 'number' ? node.items : childOf(node, String(part));
  }
  return node;
}

function childOf(node: SchemaNode, key: string): SchemaNode | undefined {
  const named = node.properties?.[key];
  if (named !== undefined) return named;
  return node.additionalProperties === false ? undefined : node.additionalProperties;
}
