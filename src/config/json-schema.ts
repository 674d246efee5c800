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
  readonly oneOf?: readonly SchemaNode[];
  readonly secret?: boolean;
}

/** JSON Schema 2020-12 of the configuration file, for editors and for the chart. Made once: it takes milliseconds. */
export const CONFIG_JSON_SCHEMA: Readonly<Record<string, unknown>> = {
  title: 'Assay configuration',
  ...z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' }),
};

/** The forms that a value may have; most have one. */
export function formsOf(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? node.oneOf ?? [node];
}

/**
 * Keys that may stand at `path`, for messages about unknown ones: one list for each form of the value,
 * or for the one form whose constants (such as `kind`) the value has.
 */
export function propertiesAt(path: readonly PropertyKey[], value: unknown): string[][] {
  const forms = nodesAt(path).flatMap(formsOf);
  const meant = forms.filter((form) => hasConstantsOf(form, value));
  return (meant.length > 0 ? meant : forms).map((form) => Object.keys(form.properties ?? {}));
}

function hasConstantsOf(form: SchemaNode, value: unknown): boolean {
  const constants = Object.entries(form.properties ?? {}).filter(([, node]) => node.const !== undefined);
  return (
    constants.length > 0 && constants.every(([key, node]) => Reflect.get(Object(value), key) === node.const)
  );
}

/** Constants that may stand at `path`, such as the kinds of engines. */
export function constantsAt(path: readonly PropertyKey[]): unknown[] {
  return nodesAt(path).flatMap((node) => (node.const === undefined ? [] : [node.const]));
}

/** True where the schema says that the value is a secret. */
export function isSecretPath(path: readonly PropertyKey[]): boolean {
  return nodesAt(path).some((node) => node.secret === true);
}

/** Every node that a value at `path` may have to satisfy. */
function nodesAt(path: readonly PropertyKey[]): SchemaNode[] {
  let nodes: SchemaNode[] = [CONFIG_JSON_SCHEMA];
  for (const part of path) {
    nodes = nodes.flatMap(formsOf).flatMap((node) => {
      const child = typeof part === 'number' ? node.items : childOf(node, String(part));
      return child === undefined ? [] : [child];
    });
  }
  return nodes;
}

function childOf(node: SchemaNode, key: string): SchemaNode | undefined {
  const named = node.properties?.[key];
  if (named !== undefined) return named;
  return node.additionalProperties === false ? undefined : node.additionalProperties;
}
