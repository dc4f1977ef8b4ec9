import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { ints, reshape } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { rankOf } from '../../../shared/onnx/shapes';
import { dense } from '../layers/dense';
import { dropout } from '../layers/dropout';
import { type Recurrent, recurrent } from '../layers/recurrent';
import { lastStep, reversed, type Sequences, type StepStatistics, sequencesOf } from '../layers/sequences';
import type { ForwardPass, Network } from '../network';

type RnnSpec = FamilySpec<'rnn'>;

export interface SequenceSizes {
  /** Steps of the longest sequence. */
  readonly length: number;
  readonly valuesPerStep: number;
  readonly outputs: number;
  readonly statistics: StepStatistics;
}

/** What reads a sequence forwards and, where both ways are asked for, backwards. */
type Layer = readonly Recurrent[];

const sideBySide = (values: readonly Value[], axis: number): Value => {
  const [only] = values;
  return only !== undefined && values.length === 1
    ? only
    : operation('Concat', values, { axis: attribute.int(axis) });
};

function layersOf(spec: RnnSpec, valuesPerStep: number): Layer[] {
  const { cell, hidden_units: hidden, layers, bidirectional } = spec;
  const directions = bidirectional ? ['', '_reverse'] : [''];
  return Array.from({ length: layers }, (_, layer) => {
    const inputs = layer === 0 ? valuesPerStep : hidden * directions.length;
    return directions.map((way) => recurrent({ name: `rnn.l${layer}${way}`, cell, inputs, hidden }));
  });
}

interface Run {
  /** Of each direction, each in its own order of time. */
  readonly states: readonly Value[];
  readonly sequences: Sequences;
}

function runLayer([forwards, backwards]: Layer, sequences: Sequences, pass: ForwardPass): Run {
  const states = [
    ...(forwards ? [forwards.apply(sequences.steps, pass)] : []),
    ...(backwards ? [backwards.apply(reversed(sequences.steps, sequences), pass)] : []),
  ];
  return { states, sequences };
}

/** The states of both directions at each step, in the order of the sequence. */
const stepsOf = ({ states: [forwards, backwards], sequences }: Run): Value =>
  sideBySide([...(forwards ? [forwards] : []), ...(backwards ? [reversed(backwards, sequences)] : [])], 2);

/**
 * Sequences `[batch, length]` or `[batch, length, values]`, padded with NaN, to the outputs: recurrent layers one on the
 * other, then an affine map of the last layer's state at the end of the sequence, or of both ends where it is read both ways.
 * Neither a state nor its gradient depends on what stands behind the end: forwards it comes later, and backwards each
 * sequence is reversed by its own length.
 */
export function rnnNetwork(spec: RnnSpec, sizes: SequenceSizes): Network {
  const { length, valuesPerStep, outputs, statistics } = sizes;
  const layers = layersOf(spec, valuesPerStep);
  const between = dropout(spec.dropout);
  const inputs = spec.hidden_units * (spec.bidirectional ? 2 : 1);
  const head = dense({ name: 'output', inputs, outputs, initialiser: 'glorot' });
  return {
    parameters: [...layers.flat().flatMap(({ parameters }) => parameters), ...head.parameters],
    statistics: [],
    apply(value, pass) {
      const shaped = rankOf(value) === 3 ? value : reshape(value, ints([-1, length, valuesPerStep]));
      let sequences = sequencesOf(shaped, length, statistics);
      let run: Run = { states: [sequences.steps], sequences };
      for (const [index, layer] of layers.entries()) {
        if (index > 0) sequences = { ...sequences, steps: between.apply(stepsOf(run), pass) };
        run = runLayer(layer, sequences, pass);
      }
      const ends = run.states.map((states) => lastStep(states, sequences));
      return head.apply(between.apply(sideBySide(ends, 1), pass), pass);
    },
  };
}
