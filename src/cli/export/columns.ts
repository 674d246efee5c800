import type { SchemaElement } from 'hyparquet';
import type { Shape } from './shapes.ts';

/** Parquet's types of a shape's columns, in order; lists have three levels, as the format's document has them. */
export function schemaOf(
  shape: Shape,
  talks: boolean,
  criteria: readonly string[],
): { readonly schema: SchemaElement[]; readonly names: string[] } {
  const columns = [...OWN_COLUMNS[shape](talks, criteria), ...PROVENANCE];
  return {
    schema: [{ name: 'root', num_children: columns.length }, ...columns.flat()],
    names: columns.flatMap(([top]) => top?.name ?? []),
  };
}

/** One column: the element itself, and before others the elements below it. */
type Column = readonly SchemaElement[];

function text(name: string): Column {
  return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }];
}

function number(name: string): Column {
  return [{ name, type: 'DOUBLE', repetition_type: 'OPTIONAL' }];
}

function truth(name: string): Column {
  return [{ name, type: 'BOOLEAN', repetition_type: 'OPTIONAL' }];
}

function struct(name: string, fields: readonly Column[]): Column {
  return [{ name, repetition_type: 'OPTIONAL', num_children: fields.length }, ...fields.flat()];
}

function listOf(name: string, element: Column): Column {
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...element,
  ];
}

function listOfTexts(name: string, fields: readonly string[]): Column {
  return listOf(name, struct('element', fields.map(text)));
}

function messages(name: string): Column {
  return listOfTexts(name, ['role', 'content']);
}

function textOrMessages(talks: boolean): (name: string) => Column {
  return talks ? messages : text;
}

function unpaired(talks: boolean): Column[] {
  const own = textOrMessages(talks);
  return [own('prompt'), own('completion'), truth('label'), number('score')];
}

function annotation(criterion: string): Column {
  return struct(criterion, [...['Rating', 'Rationale'].map(text), number('expected')]);
}

const SPOKEN = ['from', 'value'];

const OWN_COLUMNS: Readonly<Record<Shape, (talks: boolean, criteria: readonly string[]) => Column[]>> = {
  preference: (talks) => [...['prompt', 'chosen', 'rejected'].map(textOrMessages(talks)), number('p_chosen')],
  unpaired,
  kto: unpaired,
  ultrafeedback: () => [
    ...['prompt', 'prompt_id'].map(text),
    ...['chosen', 'rejected', 'messages'].map(messages),
    ...['score_chosen', 'score_rejected', 'p_chosen'].map(number),
  ],
  'llama-factory': () => [
    listOfTexts('conversations', SPOKEN),
    ...['chosen', 'rejected'].map((name) => struct(name, SPOKEN.map(text))),
    number('p_chosen'),
  ],
  hh: () => [...['chosen', 'rejected'].map(text), number('p_chosen')],
  stepwise: () => [
    text('prompt'),
    listOf('completions', text('element')),
    listOf('labels', truth('element')),
    listOf('scores', number('element')),
  ],
  'ultrafeedback-full': (_, criteria) => [
    text('instruction'),
    listOf('models', text('element')),
    listOf(
      'completions',
      struct('element', [
        ...['model', 'response'].map(text),
        ...(criteria.length === 0 ? [] : [struct('annotations', criteria.map(annotation))]),
        text('critique'),
        ...['overall_score', 'score', 'weight'].map(number),
        text('id'),
      ]),
    ),
  ],
};

const PROVENANCE: readonly Column[] = [
  ...['id', 'verdict_id', 'outcome'].map(text),
  ...['confidence', 'weight'].map(number),
  ...['tier', 'judge', 'model', 'certificate', 'flags'].map(text),
  truth('cached'),
  number('cost_usd'),
];
