import { z } from 'zod';
import type { Usage } from '../../domain/cost.ts';
import { type CallPiece, type ResponseEvent, ResponseOutput } from './output.ts';
import { cutOf, renderResponse, type ResponseFacts } from './reply.ts';

/** Builds a Response out of the chunks of a chat completion, and tells on the way the events of its stream. */
export interface ResponseBuilder {
  /** The events before the first chunk. */
  begin(): readonly ResponseEvent[];
  add(chunk: unknown): readonly ResponseEvent[];
  /** The last events; the response is complete then. */
  end(usage: Usage): readonly ResponseEvent[];
  response(): unknown;
}

const toolCall = z.looseObject({
  index: z.int().optional(),
  id: z.string().nullish(),
  function: z.looseObject({ name: z.string().nullish(), arguments: z.string().nullish() }).optional(),
});

const said = z.looseObject({
  content: z.string().nullish(),
  reasoning: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
});

const choiceSchema = z.looseObject({
  delta: said.optional(),
  /** Of an engine that did not stream. */
  message: said.optional(),
  finish_reason: z.string().nullish(),
  logprobs: z.looseObject({ content: z.array(z.unknown()).nullish() }).nullish(),
});

const chunkSchema = z.looseObject({ choices: z.array(choiceSchema).optional() });

export function createResponseBuilder(facts: ResponseFacts): ResponseBuilder {
  let told: ResponseEvent[] = [];
  let sequence = 0;
  const tell = (event: ResponseEvent): void => {
    told.push({ ...event, sequence_number: sequence++ });
  };
  const take = (): readonly ResponseEvent[] => {
    const events = told;
    told = [];
    return events;
  };
  const output = new ResponseOutput(facts.id, tell);
  let reason: string | null = null;
  let usage: Usage | null = null;
  const response = () => renderResponse(facts, output.items, usage === null ? null : { reason, usage });
  return {
    begin() {
      tell({ type: 'response.created', response: response() });
      tell({ type: 'response.in_progress', response: response() });
      return take();
    },
    add(chunk) {
      const choice = chunkSchema.safeParse(chunk).data?.choices?.[0];
      if (choice !== undefined) addChoice(output, choice);
      reason = choice?.finish_reason ?? reason;
      return take();
    },
    end(counted) {
      const isCut = cutOf(reason) !== null;
      output.close(isCut ? 'incomplete' : 'completed');
      usage = counted;
      tell({ type: isCut ? 'response.incomplete' : 'response.completed', response: response() });
      return take();
    },
    response,
  };
}

function addChoice(output: ResponseOutput, choice: z.output<typeof choiceSchema>): void {
  const piece = choice.delta ?? choice.message ?? {};
  const thought = piece.reasoning ?? piece.reasoning_content;
  if (thought) output.addThought(thought);
  if (piece.content) output.addText(piece.content, choice.logprobs?.content ?? []);
  for (const [position, call] of (piece.tool_calls ?? []).entries()) output.addCall(pieceOf(call, position));
}

function pieceOf({ index, id, function: called }: z.output<typeof toolCall>, position: number): CallPiece {
  return {
    index: index ?? position,
    id: id ?? undefined,
    name: called?.name ?? '',
    text: called?.arguments ?? '',
  };
}
