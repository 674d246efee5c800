import { z } from 'zod';
import { type Criterion, MOST_POINTS, type Rubric, type Scale, USUAL_SCALE } from '../domain/rubric.ts';
import { gradedSchema, isGraded } from './graded-rubric.ts';
import { byVersion, type FurtherCheck, readFolder } from './yaml-folder.ts';

/** Rubrics from files: criteria with scales, anchors and examples, one version per file; or model-graded ones. */
const line = z.string().min(1).max(200);
const text = z.string().min(1).max(20_000);

const anchor = z.strictObject({
  score: z.int(),
  text,
  example: text.optional(),
});

const criterion = z.strictObject({
  name: line,
  text,
  weight: z.number().positive().max(1e6).default(1),
  scale: z.strictObject({ min: z.int(), max: z.int() }).default(USUAL_SCALE),
  anchors: z.array(anchor).max(MOST_POINTS).default([]),
});

const rubricSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  version: z.int().min(1),
  /** What comparisons are guided by; without it the criteria, one after the other. */
  text: text.optional(),
  criteria: z.array(criterion).min(1).max(16),
});

export type RubricFile = z.infer<typeof rubricSchema>;

const ownSchema = rubricSchema.transform((file): RubricFile[] => [file]);

/** By `name@version`. */
export function loadRubrics(directory: string): ReadonlyMap<string, Rubric> {
  const read = readFolder(directory, {
    schema: (data) => (isGraded(data) ? gradedSchema : ownSchema),
    noun: 'rubrics',
    further,
  });
  const files = read.flatMap(({ path, data }) => data.map((file) => ({ path, data: file })));
  const rubrics = [...byVersion(files).values()].map(toRubric);
  return new Map(rubrics.map((rubric) => [rubric.id, rubric]));
}

function toRubric({ name, version, text: own, criteria }: RubricFile): Rubric {
  const read = criteria.map(toCriterion);
  return {
    id: `${name}@${version}`,
    text: own ?? read.map((one) => `${one.name}: ${one.text}`).join('\n'),
    criteria: read,
  };
}

function toCriterion({ anchors, ...criterionFields }: RubricFile['criteria'][number]): Criterion {
  return {
    ...criterionFields,
    anchors: anchors.map(({ score, text: meaning, example }) =>
      example === undefined ? { score, text: meaning } : { score, text: meaning, example },
    ),
  };
}

/** The other form is right by how it was made, and its values stand elsewhere. */
const further: FurtherCheck<readonly RubricFile[]> = ([file, ...others]) =>
  file === undefined || others.length > 0 ? [] : criteriaProblems(file);

const criteriaProblems: FurtherCheck<RubricFile> = ({ criteria }) =>
  criteria.flatMap(({ name, scale, anchors }, index) => {
    const at = ['criteria', index];
    const first = criteria.findIndex((other) => other.name === name);
    const repeated = first < index ? [{ path: [...at, 'name'], message: `repeats criteria[${first}]` }] : [];
    const outside = anchors.flatMap(({ score }, position) =>
      score >= scale.min && score <= scale.max
        ? []
        : [{ path: [...at, 'anchors', position, 'score'], message: `${score} is not on the scale` }],
    );
    return [
      ...repeated,
      ...scaleProblems(scale).map((message) => ({ path: [...at, 'scale'], message })),
      ...outside,
    ];
  });

function scaleProblems({ min, max }: Scale): string[] {
  if (max <= min) return ['max must be above min'];
  const points = max - min + 1;
  return points > MOST_POINTS ? [`has ${points} points; at most ${MOST_POINTS} can be told apart`] : [];
}
