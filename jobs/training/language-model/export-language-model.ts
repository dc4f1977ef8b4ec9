import type { ModelSignature } from '../../../shared/contracts/model';
import { attribute, constant, input, int64s, operation, scalar } from '../../../shared/onnx/build';
import {
  add,
  castTo,
  equal,
  ints,
  matMul,
  multiply,
  reshape,
  subtract,
  unsqueeze,
} from '../../../shared/onnx/expressions';
import type { Model, Tensor, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import type { TransformerDecoder } from '../families/transformer-decoder';
import { sizesOver } from '../layers/attention-positions';
import { type Network, predict } from '../network';
import type { Vocabulary } from './vocabulary';

/** What a client has to know of a language model before it has weights. */
export interface LanguageModelInterface {
  readonly vocabulary: Vocabulary;
  /** The text column. */
  readonly target: string;
}

export interface TrainedLanguageModel extends LanguageModelInterface {
  readonly decoder: TransformerDecoder;
  readonly parameters: readonly Tensor[];
  /** Tokens that the model reads at a time. */
  readonly length: number;
  readonly width: number;
}

const int64 = (value: number): Value => constant(scalar(value, 'int64'));
const larger = (a: Value, b: Value): Value => operation('Max', [a, b]);
const smaller = (a: Value, b: Value): Value => operation('Min', [a, b]);
const columns = { axis: attribute.int(1) };

interface Reading {
  /** The last tokens of each text, at most as many as the context has: `[batch, read]`. */
  readonly window: Value;
  /** 1 at the place where a text ends, else 0: `[batch, 1, read]`. */
  readonly end: Value;
}

/**
 * Of tokens `[batch, length]` with -1 behind the shorter texts. Of a text longer than the context its end is read; an empty
 * one counts as one token of id 0.
 */
function readingOf(tokens: Value, context: number): Reading {
  const present = castTo(operation('GreaterOrEqual', [tokens, int64(0)]), 'int64');
  const count = operation('ReduceSum', [present, ints([1])]);
  const from = larger(subtract(count, int64(context)), int64(0));
  const length = operation('Shape', [tokens], { start: attribute.int(1), end: attribute.int(2) });
  const read = larger(smaller(length, ints([context])), ints([1]));
  const everyPlace = constant(int64s(Array.from({ length: context }, (_, place) => place)));
  const places = unsqueeze(operation('Slice', [everyPlace, ints([0]), read, ints([0])]), [0]);
  const filled = operation('Concat', [tokens, multiply(count, int64(0))], columns);
  const last = larger(subtract(subtract(count, int64(1)), from), int64(0));
  return {
    window: operation('GatherElements', [filled, add(from, places)], columns),
    end: unsqueeze(castTo(equal(places, last), 'float'), [1]),
  };
}

/** `tokens` `[batch, length]` to the scores `[batch, vocabulary]` of what might follow each text. */
const lastTokenNetwork = ({ decoder, vocabulary, length, width }: TrainedLanguageModel): Network => ({
  parameters: decoder.parameters,
  statistics: [],
  apply(tokens, pass) {
    const { window, end } = readingOf(tokens, length);
    const known = smaller(larger(window, int64(0)), int64(vocabulary.symbols.length - 1));
    const vectors = reshape(decoder.vectors(known, pass), sizesOver(known)(width));
    return decoder.scores(reshape(matMul(end, vectors), ints([-1, width])), pass);
  },
});

/** One text in, as ids; the most probable next token and the probabilities of all out, in the order of `classes`. */
export const languageModelSignature = ({ vocabulary, target }: LanguageModelInterface): ModelSignature => ({
  task: 'other',
  inputs: [
    {
      name: 'tokens',
      type: 'integer',
      element_type: 'int64',
      shape: [-1],
      padding: -1,
      tokens: vocabulary.kind,
    },
  ],
  outputs: [
    { name: 'token', type: 'integer', element_type: 'int64', shape: [] },
    { name: 'probabilities', type: 'number', element_type: 'float', shape: [vocabulary.symbols.length] },
  ],
  target,
  classes: [...vocabulary.symbols],
});

/** The trained decoder as one graph with its signature's tensors; its metadata hold the vocabulary too. */
export function exportLanguageModel(trained: TrainedLanguageModel): Model {
  const { decoder, parameters, vocabulary, target, length } = trained;
  const tokens = input('tokens', 'int64', ['batch', 'length']);
  const scores = predict(lastTokenNetwork(trained), tokens, {
    parameters: parameters.map((tensor, index) => constant(tensor, decoder.parameters[index]?.name)),
    statistics: [],
  });
  const token = operation('ArgMax', [scores], { ...columns, keepdims: attribute.int(0) });
  return model({
    graph: {
      name: 'model',
      inputs: [tokens],
      outputs: [
        { name: 'token', value: token },
        { name: 'probabilities', value: operation('Softmax', [scores], columns) },
      ],
    },
    metadata: {
      task: 'language_model',
      target,
      tokens: vocabulary.kind,
      vocabulary: JSON.stringify(vocabulary.symbols),
      context: String(length),
    },
  });
}
