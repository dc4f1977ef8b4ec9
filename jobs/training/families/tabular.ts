import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { activation, initialiserFor } from '../layers/activation';
import { batchNormalization } from '../layers/batch-normalization';
import { dense } from '../layers/dense';
import { dropout } from '../layers/dropout';
import { residual } from '../layers/residual';
import { sequential } from '../layers/sequential';
import type { Network } from '../network';
import { type Prepared, type PreparedColumns, prepareColumns, prepareTarget } from '../prepare';
import { preprocessing } from '../preprocessing';
import { rowOfFloats } from '../row-type';
import { outputCount } from '../target-encoding';
import { readableColumns } from './chosen-column';
import type { PrepareFamily, PrepareRequest } from './family';

export interface TabularSizes {
  readonly inputs: number;
  readonly outputs: number;
  /** Features that no training row has. */
  readonly silentFeatures?: readonly number[];
}

/** Convex, so zeros are as good a start as any, and a repeatable one. */
export const linearNetwork = (sizes: TabularSizes): Network =>
  dense({ ...sizes, name: 'linear', initialiser: 'zeros' });

interface HiddenLayer {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly silentFeatures?: readonly number[];
}

function hiddenLayer(spec: FamilySpec<'mlp'>, layer: HiddenLayer): Network {
  return sequential(
    dense({ ...layer, initialiser: initialiserFor(spec.activation) }),
    ...(spec.batch_norm ? [batchNormalization(`${layer.name}.norm`, layer.outputs)] : []),
    activation(spec.activation),
    dropout(spec.dropout),
  );
}

/** Hidden layers one behind the other, then an affine map to the outputs. */
export function mlpNetwork(spec: FamilySpec<'mlp'>, { inputs, outputs, ...rest }: TabularSizes): Network {
  const widths = [inputs, ...spec.hidden_units];
  const hidden = spec.hidden_units.map((units, index) => {
    const size = { name: `hidden_${index}`, inputs: widths[index] ?? inputs, outputs: units };
    const layer = hiddenLayer(spec, { ...size, ...(index === 0 ? rest : {}) });
    return spec.residual && index > 0 && size.inputs === units ? residual(layer) : layer;
  });
  const last = { name: 'output', inputs: widths.at(-1) ?? inputs, outputs };
  return sequential(...hidden, dense({ ...last, initialiser: 'glorot' }));
}

/** Numbers come first, each at deviation 1, and what is one-hot behind them is no measurement. */
function deviationsOf(used: PreparedColumns['used'], features: number): number[] {
  const numbers = used.filter(({ kind }) => kind === 'number').length;
  return Array.from({ length: features }, (_, place) => (place < numbers ? 1 : 0));
}

async function prepareTabular<F extends 'linear' | 'mlp'>(
  request: PrepareRequest<F>,
  network: (sizes: TabularSizes) => Network,
): Promise<Prepared> {
  const { split } = request;
  const columns = readableColumns(request).map(({ name }) => name);
  const { used, unused } = await prepareColumns(split, columns);
  const target = await prepareTarget(request);
  const encoded = preprocessing(used, split.counts.train);
  const sizes = { inputs: encoded.names.length, outputs: outputCount(target.encoding) };
  return {
    ...target,
    network: network({ ...sizes, silentFeatures: encoded.silent }),
    preprocessing: encoded,
    features: { ...rowOfFloats(sizes.inputs), deviations: deviationsOf(used, sizes.inputs) },
    used,
    unused,
    featureNames: encoded.names,
  };
}

export const prepareLinear: PrepareFamily<'linear'> = (request) => prepareTabular(request, linearNetwork);

export const prepareMlp: PrepareFamily<'mlp'> = async (request) => {
  checkBatch(request);
  return prepareTabular(request, (sizes) => mlpNetwork(request.model, sizes));
};

/** One row is its own mean: normalised over it, every row would be the same. */
function checkBatch({ spec, model, split }: PrepareRequest<'mlp'>): void {
  if (!model.batch_norm || Math.min(spec.batch_size, split.counts.train) > 1) return;
  throw new BadSpecError('batch_norm needs batches of at least 2 rows; give a larger batch_size', [
    { pointer: '/batch_size', detail: 'must be at least 2 with model.batch_norm' },
  ]);
}
