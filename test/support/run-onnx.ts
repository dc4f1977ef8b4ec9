import * as ort from 'onnxruntime-node';
import type { ElementType, Graph, Tensor, TensorData } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { writeModel } from '../../shared/onnx/write-model';

const ortTypes: Partial<Record<ElementType, ort.Tensor.Type>> = { float: 'float32', double: 'float64' };
const ownTypes: Partial<Record<ort.Tensor.Type, ElementType>> = { float32: 'float', float64: 'double' };

const isElementType = (_name: string): _name is ElementType => true;
const isOrtType = (_name: string): _name is ort.Tensor.Type => true;

function ortType(elementType: ElementType): ort.Tensor.Type {
  const own = ortTypes[elementType] ?? elementType;
  if (!isOrtType(own)) throw new Error(`no such type: ${elementType}`);
  return own;
}

export function toOrt({ elementType, dims, data }: Tensor): ort.Tensor {
  const type = ortType(elementType);
  if (type === 'string') return new ort.Tensor('string', Array.from(data, String), dims);
  return Reflect.construct(ort.Tensor, [type, data, dims]);
}

const isData = (data: unknown): data is TensorData => ArrayBuffer.isView(data) || Array.isArray(data);

export function fromOrt({ type, dims, data }: ort.Tensor): Tensor {
  const elementType = ownTypes[type] ?? type;
  if (!isElementType(elementType) || !isData(data)) throw new Error(`no such type: ${type}`);
  return { elementType, dims, data };
}

/** Loads a model and runs it once. */
export async function runModel(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    const given = Object.fromEntries(Object.entries(feeds).map(([name, each]) => [name, toOrt(each)]));
    const results = await session.run(given);
    return Object.fromEntries(Object.entries(results).map(([name, each]) => [name, fromOrt(each)]));
  } finally {
    await session.release();
  }
}

/** Writes a graph, loads it and runs it once. */
export const runGraph = (
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  opsets?: Readonly<Record<string, number>>,
): Promise<Record<string, Tensor>> =>
  runModel(writeModel(model(opsets === undefined ? { graph } : { graph, opsets })), feeds);
