import { stringify } from 'yaml';
import { isSecretPath } from './json-schema.ts';
import type { LoadedConfig } from './loader.ts';

const MASK = '********';

/**
 * The effective configuration with every default, as YAML. Secrets are masked; other values that came
 * by reference are shown as the reference, since nobody can tell what they hold.
 */
export function renderConfig({ config, referenced }: LoadedConfig): string {
  const mask = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (isSecretPath(path)) return MASK;
    if (typeof value === 'string') return referenced.get(path.join('.')) ?? value;
    if (Array.isArray(value)) return value.map((entry, index) => mask(entry, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, mask(entry, [...path, key])]),
    );
  };
  return stringify(mask(config, []), { lineWidth: 110 });
}
