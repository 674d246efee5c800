import { badRequest } from './api-error.ts';
import { type Constraint, oneOf } from './constraint.ts';
import { jsonInstance } from './json-instance.ts';
import type { SamplingFields } from './sampling-fields.ts';

const KINDS = ['json', 'regex', 'choice', 'grammar', 'json_object', 'structural_tag'] as const;
type Kind = (typeof KINDS)[number];

/** The texts that an answer may be under `structured_outputs` or `response_format`; null when it is free. */
export function planConstraint(fields: SamplingFields): Constraint | null {
  const kind = kindOf(fields);
  const structured = fields.structured_outputs;
  switch (kind) {
    case null:
      return ofResponseFormat(fields.response_format);
    case 'choice':
      return ofChoice(structured?.choice ?? []);
    case 'json':
      return oneOf([jsonInstance(schemaOf(structured?.json))]);
    case 'json_object':
      return oneOf(['{}']);
    default:
      throw badRequest(`the simulator does not play structured_outputs.${kind}`);
  }
}

function kindOf({ structured_outputs: structured }: SamplingFields): Kind | null {
  if (structured === null || structured === undefined) return null;
  const kinds = KINDS.filter((kind) => (structured[kind] ?? false) !== false);
  if (kinds.length > 1) {
    throw badRequest(
      `You can only use one kind of constraints for structured outputs but multiple are specified: ${kinds.join(', ')}`,
    );
  }
  return kinds[0] ?? null;
}

function ofChoice(choice: readonly string[]): Constraint {
  if (choice.length === 0) throw badRequest("Choice '[]' cannot be an empty list");
  return oneOf(choice);
}

function ofResponseFormat(format: SamplingFields['response_format']): Constraint | null {
  if (format?.type === 'json_object') return oneOf(['{}']);
  if (format?.type === 'json_schema') return oneOf([jsonInstance(format.json_schema?.schema)]);
  return null;
}

/** A schema may come as an object or as JSON text. */
function schemaOf(json: unknown): unknown {
  if (typeof json !== 'string') return json;
  try {
    return JSON.parse(json);
  } catch {
    throw badRequest('Grammar error: the schema is no JSON');
  }
}
