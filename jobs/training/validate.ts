import { attribute } from '../../shared/onnx/attributes';
import { floats, input, operation } from '../../shared/onnx/build';
import type { Model, Tensor } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import type { ModelSession } from '../../shared/ports/model-runtime';
import { logLoss, mostProbable } from '../evaluation/metrics/classification-metrics';
import type { EncodedRows } from './encode-rows';
import type { Network } from './layers';
import type { TargetEncoding } from './target-encoding';
import type { Validation } from './train';
import { parameterName } from './training-step';

export interface Predictor {
  readonly network: Network;
  readonly encoding: TargetEncoding;
  readonly features: number;
}

/** The network with its weights as inputs: `features` `[rows, features]` to `outputs`, for classes their probabilities. */
export function predictorModel({ network, encoding, features }: Predictor): Model {
  const rows = input('features', 'float', ['rows', features]);
  const parameters = network.parameters.map(({ name, dims }) => input(parameterName(name), 'float', dims));
  const raw = network.forward(rows, parameters);
  const value =
    encoding.task === 'classification' ? operation('Softmax', [raw], { axis: attribute.int(1) }) : raw;
  return model({
    graph: { name: 'predictor', inputs: [rows, ...parameters], outputs: [{ name: 'outputs', value }] },
  });
}

interface Totals {
  rows: number;
  loss: number;
  right: number;
}

/** Adds up a chunk: log loss and right classes, or squared errors. */
function addUp(totals: Totals, chunk: EncodedRows, outputs: Float32Array): void {
  totals.rows += chunk.rows;
  const { targets } = chunk;
  if (targets instanceof Float32Array) {
    for (const [row, target] of targets.entries())
      totals.loss += ((outputs[row] ?? Number.NaN) - target) ** 2;
    return;
  }
  const classes = outputs.length / chunk.rows;
  const actual = Int32Array.from(targets, Number);
  totals.loss += chunk.rows * logLoss({ actual, probabilities: outputs, classes });
  for (const [row, predicted] of mostProbable(outputs, classes).entries())
    totals.right += Number(predicted === actual[row]);
}

/** How weights do on held-out rows; `session` runs `predictorModel`. The loss is that of training, without penalties. */
export function validator(
  predictor: Predictor,
  session: ModelSession,
  chunks: () => AsyncIterable<EncodedRows>,
): (parameters: readonly Tensor[]) => Promise<Validation> {
  const { network, encoding, features } = predictor;
  return async (parameters) => {
    const weights = Object.fromEntries(
      network.parameters.flatMap(({ name }, index) =>
        parameters[index] ? [[parameterName(name), parameters[index]]] : [],
      ),
    );
    const totals = { rows: 0, loss: 0, right: 0 };
    for await (const chunk of chunks()) {
      const { outputs } = await session.run({
        ...weights,
        features: floats([chunk.rows, features], chunk.features),
      });
      if (outputs?.data instanceof Float32Array) addUp(totals, chunk, outputs.data);
    }
    const loss = totals.loss / totals.rows;
    if (encoding.task === 'regression') {
      const validation_rmse = Math.sqrt(loss) * encoding.standardDeviation;
      return { loss, metrics: { validation_loss: loss, validation_rmse } };
    }
    return { loss, metrics: { validation_loss: loss, validation_accuracy: totals.right / totals.rows } };
  };
}
