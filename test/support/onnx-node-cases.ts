import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import type { Tensor } from '../../shared/onnx/ir';
import { tensorOfWire } from '../../shared/onnx/tensor-bytes';

/** One case of the ONNX backend node tests: a model of one operator, and tensors to feed it. */
export interface NodeCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

const readTensor = (path: string): Tensor =>
  tensorOfWire(fromBinary(TensorProtoSchema, new Uint8Array(readFileSync(path))), undefined);

/** Folders of cases under a root, by name. */
export function nodeCaseNames(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => existsSync(join(root, name, 'model.onnx')))
    .sort();
}

function readTensors(folder: string, kind: 'input' | 'output'): readonly Tensor[] {
  const tensors: Tensor[] = [];
  for (let index = 0; existsSync(join(folder, `${kind}_${index}.pb`)); index++) {
    try {
      tensors.push(readTensor(join(folder, `${kind}_${index}.pb`)));
    } catch {
      break;
    }
  }
  return tensors;
}

/** Reads a case; the first value that is no tensor (a sequence, an optional) ends its list. */
export function readNodeCase(root: string, name: string): NodeCase {
  const folder = join(root, name, 'test_data_set_0');
  return {
    name,
    model: new Uint8Array(readFileSync(join(root, name, 'model.onnx'))),
    inputs: readTensors(folder, 'input'),
    outputs: readTensors(folder, 'output'),
  };
}
