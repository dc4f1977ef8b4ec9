import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
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

const isCase = (folder: string): boolean => existsSync(join(folder, 'model.onnx'));

/** Folders of cases under a root, or one level deeper, by path. */
export function nodeCaseNames(root: string): readonly string[] {
  if (!existsSync(root)) return [];
  const names = readdirSync(root).sort();
  return names.flatMap((name) => {
    if (isCase(join(root, name))) return [name];
    return nodeCasesIn(join(root, name)).map((each) => join(name, each));
  });
}

const nodeCasesIn = (folder: string): readonly string[] =>
  statSync(folder).isDirectory()
    ? readdirSync(folder)
        .filter((name) => isCase(join(folder, name)))
        .sort()
    : [];

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
