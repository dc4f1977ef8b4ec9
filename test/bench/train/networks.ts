import { cnnNetwork } from '../../../jobs/training/families/cnn-networks';
import { mlpNetwork } from '../../../jobs/training/families/tabular';
import { transformerEncoder } from '../../../jobs/training/families/transformer-encoder';
import type { Network } from '../../../jobs/training/network';
import { type RowType, rowOfFloats } from '../../../jobs/training/row-type';
import { cnnSpec, mlpSpec, transformerSpec } from '../../../shared/contracts/training/model-spec';
import type { CnnWorkload, MlpWorkload, TransformerWorkload, Workload } from './workloads';

/** What Ingot trains for a workload: the product's own family, by its spec. */
export interface Candidate {
  readonly network: Network;
  readonly rows: RowType;
}

function mlpOf({ inputs, hidden, classes }: MlpWorkload): Candidate {
  const spec = mlpSpec.parse({ family: 'mlp', hidden_units: hidden });
  return { network: mlpNetwork(spec, { inputs, outputs: classes }), rows: rowOfFloats(inputs) };
}

/** The preset is the workload's network: blocks of 32, 64 and 128 channels. */
function cnnOf({ channels, side, classes }: CnnWorkload): Candidate {
  const spec = cnnSpec.parse({ family: 'cnn', preset: 'vgg', size: 'small' });
  const each = (value: number) => Array.from({ length: channels }, () => value);
  const pixels = { means: each(127), deviations: each(64) };
  return {
    network: cnnNetwork(spec, { height: side, width: side, channels, outputs: classes, pixels }),
    rows: { elementType: 'uint8', dims: [side, side, channels] },
  };
}

function transformerOf({
  width,
  heads,
  layers,
  vocabulary,
  length,
  classes,
}: TransformerWorkload): Candidate {
  const spec = transformerSpec.parse({ family: 'transformer', form: 'encoder', width, heads, layers });
  return {
    network: transformerEncoder(spec, { vocabulary, length, outputs: classes }),
    rows: { elementType: 'int64', dims: [length] },
  };
}

/** The network of a workload. */
export function networkOf(workload: Workload): Candidate {
  switch (workload.network) {
    case 'mlp':
      return mlpOf(workload);
    case 'cnn':
      return cnnOf(workload);
    case 'transformer':
      return transformerOf(workload);
  }
}
