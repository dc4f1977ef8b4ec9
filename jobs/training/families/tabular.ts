import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { activation, initialiserFor } from '../layers/activation';
import { dense } from '../layers/dense';
import { dropout } from '../layers/dropout';
import { sequential } from '../layers/sequential';
import type { Network } from '../network';
import { type Prepared, prepareColumns, prepareTarget } from '../prepare';
import { preprocessing } from '../preprocessing';
import { rowOfFloats } from '../row-type';
import { outputCount } from '../target-encoding';
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

/** Hidden layers one behind the other, then an affine map to the outputs. */
export function mlpNetwork(spec: FamilySpec<'mlp'>, { inputs, outputs, ...rest }: TabularSizes): Network {
  const widths = [inputs, ...spec.hidden_units];
  const hidden = spec.hidden_units.flatMap((units, index) => [
    dense({
      name: `hidden_${index}`,
      inputs: widths[index] ?? inputs,
      outputs: units,
      initialiser: initialiserFor(spec.activation),
      ...(index === 0 ? rest : {}),
    }),
    activation(spec.activation),
    dropout(spec.dropout),
  ]);
  const last = { name: 'output', inputs: widths.at(-1) ?? inputs, outputs };
  return sequential(...hidden, dense({ ...last, initialiser: 'glorot' }));
}

async function prepareTabular<F extends 'linear' | 'mlp'>(
  { spec, split, features }: PrepareRequest<F>,
  network: (sizes: TabularSizes) => Network,
): Promise<Prepared> {
  const { used, unused } = await prepareColumns(split, features);
  const target = await prepareTarget(split, spec.loss);
  const encoded = preprocessing(used, split.counts.train);
  const sizes = { inputs: encoded.names.length, outputs: outputCount(target.encoding) };
  return {
    ...target,
    network: network({ ...sizes, silentFeatures: encoded.silent }),
    preprocessing: encoded,
    features: rowOfFloats(sizes.inputs),
    used,
    unused,
    featureNames: encoded.names,
  };
}

export const prepareLinear: PrepareFamily<'linear'> = (request) => prepareTabular(request, linearNetwork);

export const prepareMlp: PrepareFamily<'mlp'> = (request) =>
  prepareTabular(request, (sizes) => mlpNetwork(request.model, sizes));
