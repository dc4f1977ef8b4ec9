import type { ModelSignature } from '../../shared/contracts/model';
import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  scalar,
  tensor,
} from '../../shared/onnx/build';
import type { Model, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { tensorType } from '../../shared/onnx/shapes';

export const penguinSignature: ModelSignature = {
  task: 'classification',
  inputs: [
    { name: 'mass', type: 'number', element_type: 'float', shape: [], nullable: true },
    { name: 'island', type: 'string', element_type: 'string', shape: [], nullable: true },
  ],
  outputs: [
    { name: 'label', type: 'string', element_type: 'string', shape: [] },
    { name: 'probabilities', type: 'number', element_type: 'float', shape: [2] },
  ],
  target: 'species',
  classes: ['Adelie', 'Gentoo'],
};

const asColumn = (value: Value) => operation('Unsqueeze', [value, constant(int64s([1]))]);

/**
 * Raw columns in, as a trained model has them: `mass` in kilograms (NaN counts as 4) and `island` ('Biscoe' speaks for
 * Gentoo); heavier than 4 is a Gentoo. `sharpness` tells versions apart: it moves probabilities, not labels.
 */
export function penguinModel(sharpness = 2): Model {
  const mass = input('mass', 'float', ['batch']);
  const island = input('island', 'string', ['batch']);
  const known = operation('Where', [operation('IsNaN', [mass]), constant(scalar(4)), mass]);
  const onBiscoe = operation(
    'LabelEncoder',
    [island],
    {
      keys_strings: attribute.strings(['Biscoe']),
      values_floats: attribute.floats([0.1]),
      default_float: attribute.float(0),
    },
    { domain: 'ai.onnx.ml', types: [tensorType('float', ['batch'])] },
  );
  const heaviness = operation('Add', [operation('Sub', [known, constant(scalar(4))]), onBiscoe]);
  const weights = constant(floats([1, 2], [-sharpness, sharpness]));
  const scores = operation('MatMul', [asColumn(heaviness), weights]);
  const winner = operation('ArgMax', [scores], { axis: attribute.int(1), keepdims: attribute.int(0) });
  const label = operation('Gather', [constant(tensor('string', [2], ['Adelie', 'Gentoo'])), winner]);
  const probabilities = operation('Softmax', [scores], { axis: attribute.int(1) });
  return model({
    graph: {
      name: 'penguins',
      inputs: [mass, island],
      outputs: [
        { name: 'label', value: label },
        { name: 'probabilities', value: probabilities },
      ],
    },
  });
}
