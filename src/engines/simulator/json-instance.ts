type Schema = Readonly<Record<string, unknown>>;

/** A reference that leads back to itself ends here. */
const DEEPEST = 12;

/** The plainest JSON text that a schema allows. Covers what structured outputs use; unknown keywords are ignored. */
export function jsonInstance(schema: unknown): string {
  return JSON.stringify(instanceOf(schema, schema, 0));
}

function instanceOf(schema: unknown, root: unknown, depth: number): unknown {
  if (!isSchema(schema) || depth > DEEPEST) return null;
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] ?? null;
  if (typeof schema['$ref'] === 'string') return instanceOf(resolve(schema['$ref'], root), root, depth + 1);
  const alternatives = ['anyOf', 'oneOf', 'allOf'].map((key) => schema[key]).find(Array.isArray);
  if (alternatives !== undefined) return instanceOf(alternatives[0], root, depth + 1);
  return ofType(schema, root, depth);
}

function ofType(schema: Schema, root: unknown, depth: number): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return objectOf(schema, root, depth);
    case 'array':
      return arrayOf(schema, root, depth);
    case 'string':
      return stringOf(schema);
    case 'integer':
      return Math.ceil(leastOf(schema, 1));
    case 'number':
      return leastOf(schema, 0.5);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(schema: Schema): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type[0];
  return type ?? (schema['properties'] === undefined ? undefined : 'object');
}

/** The required properties, or all of them where none is said to be required. */
function objectOf(schema: Schema, root: unknown, depth: number): Schema {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const names = Array.isArray(schema['required']) ? schema['required'].map(String) : Object.keys(properties);
  return Object.fromEntries(names.map((name) => [name, instanceOf(properties[name], root, depth + 1)]));
}

function arrayOf(schema: Schema, root: unknown, depth: number): unknown[] {
  const length = Math.min(numberOf(schema['minItems']) ?? 0, 100);
  return Array.from({ length }, () => instanceOf(schema['items'], root, depth + 1));
}

function stringOf(schema: Schema): string {
  const least = numberOf(schema['minLength']) ?? 0;
  const most = numberOf(schema['maxLength']) ?? 1000;
  return 'text'.padEnd(Math.min(least, 1000), 'x').slice(0, most);
}

function leastOf(schema: Schema, plain: number): number {
  const exclusive = numberOf(schema['exclusiveMinimum']);
  const least = numberOf(schema['minimum']) ?? (exclusive === undefined ? undefined : exclusive + plain);
  const most = numberOf(schema['maximum']) ?? Number.POSITIVE_INFINITY;
  return Math.min(Math.max(least ?? plain, plain), most);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** A reference within the schema, such as `#/$defs/name`. */
function resolve(reference: string, root: unknown): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (isSchema(at) ? at[key] : undefined), root);
}
