import type { StepOf } from '../../../../shared/contracts/compression/step-spec';
import type { RecipeOf } from '../choose-layers';
import { storeWeights } from '../store-weights';
import { type WeightPass, weightPass } from '../weight-pass';
import { operatorName, type WeightedLayer } from '../weighted-layers';
import { attentionRecipe } from './attention-recipe';
import { convRecipe } from './conv-recipe';
import type { DynamicTools } from './dynamic-tools';
import { gatherRecipe } from './gather-recipe';
import { lstmRecipe } from './lstm-recipe';
import { matrixRecipe } from './matrix-recipe';
import { divideRows, quantizeActivations } from './quantize-activations';

type Step = StepOf<'int8_dynamic'>;

export interface Int8DynamicSettings extends Omit<Step, 'name' | 'reduce_range' | 'each_row'> {
  /** 7 bits for the weights. */
  readonly reduceRange: boolean;
  /**
   * Each row of what a MatMul or Gemm reads is divided by its own reach first, so that an extreme row takes no digits from
   * those that it comes with. It is what the rows' own quantization would be, and costs what int8 gains at small sizes
   * (1.2x float instead of 1.6x at 512 columns, slower than float at 128), so it is off where absent.
   */
  readonly eachRow?: boolean;
}

type OperatorName = Step['operators'][number];

const table: Readonly<
  Record<
    OperatorName,
    {
      operator: string;
      inputs: readonly number[];
      recipe: (layer: WeightedLayer, tools: DynamicTools) => ReturnType<RecipeOf>;
    }
  >
> = {
  MatMul: { operator: 'MatMul', inputs: [0, 1], recipe: matrixRecipe },
  Gemm: { operator: 'Gemm', inputs: [0, 1], recipe: matrixRecipe },
  Conv: { operator: 'Conv', inputs: [1], recipe: convRecipe },
  LSTM: { operator: 'LSTM', inputs: [1, 2], recipe: lstmRecipe },
  Attention: { operator: 'com.microsoft::Attention', inputs: [1], recipe: attentionRecipe },
  Gather: { operator: 'Gather', inputs: [0], recipe: gatherRecipe },
};

/** Scales included; what the weights of a layer may still take. */
const largestShare = 0.35;

/**
 * Weights as 8-bit integers; activations are quantized to uint8 as they come, by the range of the whole tensor, which needs
 * no data to calibrate on. Written with the operators for which ONNX Runtime has integer kernels on CPUs:
 * DynamicQuantizeLinear with MatMulInteger (fused into DynamicQuantizeMatMul when the model is loaded) or ConvInteger,
 * DynamicQuantizeLSTM and QAttention of com.microsoft; embedding tables are stored as int8 and decoded row by row.
 */
export function int8Dynamic(settings: Int8DynamicSettings): WeightPass {
  const rows = settings.operators.map((name) => table[name]);
  const eachRow = settings.eachRow ?? false;
  return weightPass({
    name: 'int8_dynamic',
    // DequantizeLinear by axis came with 13, ReduceMax with its axes as an input with 18.
    oldestOpset: eachRow ? 18 : 13,
    keep: settings.keep,
    largestShare,
    weightInputs: Object.fromEntries(rows.map(({ operator, inputs }) => [operator, inputs])),
    recipes: () => {
      const tools: DynamicTools = {
        perChannel: settings.per_channel,
        symmetric: settings.symmetric,
        bits: settings.reduceRange ? 7 : 8,
        weightOf: storeWeights(),
        quantize: quantizeActivations(),
        ...(eachRow ? { divide: divideRows() } : {}),
      };
      const recipes = new Map(rows.map(({ operator, recipe }) => [operator, recipe]));
      return (layer) => recipes.get(operatorName(layer.node))?.(layer, tools) ?? 'no int8 form';
    },
  });
}
