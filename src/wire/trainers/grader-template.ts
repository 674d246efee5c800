import { type Checked, invalid } from '../problems.ts';

/** What the names in a grader's texts stand for, by their first part: `item` and `sample`. */
export type TemplateValues = Readonly<Record<string, unknown>>;

/** A name such as `item.answers.0` in double braces. */
const NAME = /\{\{\s*([\w$.-]+)\s*\}\}/g;

/** Fills `{{item.x}}` and `{{sample.output_text}}`; all names that stand for nothing are told. */
export function fillGraderText(text: string, place: string, values: TemplateValues): Checked<string> {
  const unknown = new Set<string>();
  const filled = text.replaceAll(NAME, (_match, name: string) => {
    const value = valueAt(values, name);
    if (value === undefined) unknown.add(name);
    return typeof value === 'string' ? value : JSON.stringify(value ?? null);
  });
  if (unknown.size === 0) return { ok: true, value: filled };
  const names = [...unknown].slice(0, 10).join(', ');
  return { ok: false, problems: [invalid(place, `names what is not there: ${names}`)] };
}

function valueAt(values: TemplateValues, name: string): unknown {
  let value: unknown = values;
  for (const step of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** The sample as text, and read where it is JSON. */
export function sampleValues(sample: string): Readonly<Record<string, unknown>> {
  try {
    return { output_text: sample, output_json: JSON.parse(sample) };
  } catch {
    return { output_text: sample };
  }
}
