import { BadSpecError } from '../../../shared/errors/job-errors';
import { input } from '../../../shared/onnx/build';
import { isLists } from '../../datasets/column-values';
import { prepareTarget } from '../prepare';
import { outputCount } from '../target-encoding';
import { channelMoments } from './channel-moments';
import { chosenColumn } from './chosen-column';
import type { PrepareFamily } from './family';
import { type ListFacts, listFacts } from './list-facts';
import { rnnNetwork } from './rnn-network';
import { sampledRows } from './sampled-rows';

/** Steps that a network is trained over unless its spec says otherwise: its training graph has each of them, and 512 take half a minute to load. */
const longestUnasked = 256;

function stepsOf(name: string, { longest }: ListFacts, valuesPerStep: number): number {
  if (longest > 0 && longest % valuesPerStep === 0) return longest / valuesPerStep;
  throw new BadSpecError(
    `the longest list of '${name}' has ${longest} numbers, which are no whole steps of ${valuesPerStep}; mend model.values_per_step`,
    [{ pointer: '/model/values_per_step', detail: `must divide the ${longest} numbers of '${name}'` }],
  );
}

/** Learns from one column of lists of numbers, which are sequences of so many values a step. */
export const prepareRnn: PrepareFamily<'rnn'> = async (request) => {
  const { spec, model, split, context } = request;
  const { column, unused } = chosenColumn(request);
  const { name } = column;
  const valuesPerStep = model.values_per_step;
  const facts = await listFacts(split, name, 'train');
  const longest = stepsOf(name, facts, valuesPerStep);
  const length = model.maximum_length ?? Math.min(longest, longestUnasked);
  if (length < longest)
    context.log(
      'warn',
      `sequences of '${name}' are cut to their first ${length} steps; the longest has ${longest}`,
    );
  const moments = channelMoments(valuesPerStep);
  for await (const values of sampledRows({ split, name, seed: spec.seed }))
    if (isLists(values)) moments.add(values.values);
  const statistics = moments.result();
  const target = await prepareTarget(request);
  const dims = valuesPerStep === 1 ? [length] : [length, valuesPerStep];
  const sequences = input(name, 'float', ['batch', ...dims]);
  return {
    ...target,
    network: rnnNetwork(model, {
      length,
      valuesPerStep,
      outputs: outputCount(target.encoding),
      statistics,
    }),
    preprocessing: { inputs: [sequences], features: sequences },
    padding: { [name]: Number.NaN },
    features: {
      elementType: 'float',
      dims,
      deviations: statistics.deviations,
      padded: facts.shortest < length * valuesPerStep,
    },
    used: [{ name, kind: 'sequence' }],
    unused,
  };
};
