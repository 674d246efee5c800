import type { SchemaElement } from 'hyparquet';
import type { Shape } from './shapes.ts';

/** Parquet's types of a shape's columns, in order; lists have three levels, as the format's document has them. */
export function schemaOf(
  shape: Shape,
  talks: boolean,
): { readonly schema: SchemaElement[]; readonly names: string[] } {
  const columns = [...OWN_COLUMNS[shape](talks), ...PROVENANCE];
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

function listOf(name: string, fields: readonly string[]): Column {
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...struct('element', fields.map(text)),
  ];
}

function messages(name: string): Column {
  return listOf(name, ['role', 'content']);
}

function textOrMessages(talks: boolean): (name: string) => Column {
  return talks ? messages : text;
}

function unpaired(talks: boolean): Column[] {
  const own = textOrMessages(talks);
  return [own('prompt'), own('completion'), truth('label'), number('score')];
}

const SPOKEN = ['from', 'value'];

const OWN_COLUMNS: Readonly<Record<Shape, (talks: boolean) => Column[]>> = {
  preference: (talks) => [...['prompt', 'chosen', 'rejected'].map(textOrMessages(talks)), number('p_chosen')],
  unpaired,
  kto: unpaired,
  ultrafeedback: () => [
    ...['prompt', 'prompt_id'].map(text),
    ...['chosen', 'rejected', 'messages'].map(messages),
    ...['score_chosen', 'score_rejected', 'p_chosen'].map(number),
  ],
  'llama-factory': () => [
    listOf('conversations', SPOKEN),
    ...['chosen', 'rejected'].map((name) => struct(name, SPOKEN.map(text))),
    number('p_chosen'),
  ],
  hh: () => [...['chosen', 'rejected'].map(text), number('p_chosen')],
};

const PROVENANCE: readonly Column[] = [
  ...['id', 'verdict_id', 'outcome'].map(text),
  ...['confidence', 'weight'].map(number),
  ...['tier', 'judge', 'model', 'certificate', 'flags'].map(text),
  truth('cached'),
  number('cost_usd'),
];
