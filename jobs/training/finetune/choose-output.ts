import type { ModelSignature } from '../../../shared/contracts/model';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { BadSpecError } from '../../../shared/errors/job-errors';
import type { Graph, Value } from '../../../shared/onnx/ir';
import { everyValue } from '../../../shared/onnx/walk';
import { nearestNames } from '../../datasets/nearest-names';
import { findWeights } from './find-weights';
import { refuseQuantised } from './refuse-quantised';

/** The layers that a head can take the place of. */
const heads = new Set(['MatMul', 'Gemm', 'Conv', 'ConvTranspose', 'FusedMatMul']);

/** Of a classifier the probabilities, of others the first of numbers: labels come of them without a layer in between. */
function scoresOf({ outputs }: Graph, signature: Pick<ModelSignature, 'outputs'> | undefined): Value {
  const numbers =
    signature?.outputs.filter(({ element_type }) => /^(b?float|double)/.test(element_type)) ?? [];
  const names = [...numbers].sort((a, b) => b.shape.length - a.shape.length).map(({ name }) => name);
  const named = outputs.find(({ name }) => name === names[0]) ?? outputs[0];
  if (named !== undefined) return named.value;
  throw new UnsuitableModelError('the model has no outputs, so there is nothing to learn from');
}

/** The value that a new head reads: what the last layer reads, whose place the head takes. */
export function inputOfLastLayer(graph: Graph, signature?: Pick<ModelSignature, 'outputs'>): Value {
  const scores = scoresOf(graph, signature);
  const { layers } = findWeights(scores);
  const [value] = layers.findLast(({ node }) => heads.has(node.op))?.fed ?? [];
  if (value !== undefined) return value;
  refuseQuantised(everyValue([scores]));
  const has =
    layers.length === 0 ? 'no trainable weights' : 'no last layer of weights (MatMul, Gemm or Conv)';
  throw new UnsuitableModelError(
    `the model has ${has}, so that there is nothing to fine-tune: choose another, or train one`,
  );
}

/** `BadSpecError` with what may have been meant, where the graph has no value of that name. */
export function refuseOutput(wanted: string, names: readonly string[]): never {
  const near = nearestNames(wanted, names).map((name) => `'${name}'`);
  const detail = `the model has no value '${wanted}' to learn from; the nearest are: ${near.join(', ')}`;
  throw new BadSpecError(`model.output: ${detail}`, [{ pointer: '/model/output', detail }]);
}
