/** Maps in order with at most `limit` calls under way. Rejects as soon as one of them does. */
export async function mapBounded<In, Out>(
  inputs: readonly In[],
  limit: number,
  run: (input: In) => Promise<Out>,
): Promise<Out[]> {
  if (inputs.length <= limit) return Promise.all(inputs.map(run));
  const outputs: Out[] = [];
  const queue = inputs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, input] of queue) outputs[index] = await run(input);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return outputs;
}
