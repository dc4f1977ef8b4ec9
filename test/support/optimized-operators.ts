import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { Model } from '../../shared/onnx/ir';
import { readModel } from '../../shared/onnx/read-model';
import { everyValue } from '../../shared/onnx/walk';
import { writeModel } from '../../shared/onnx/write-model';

/** The operators that ONNX Runtime computes a model with, after its own fusions, in the order of the graph. */
export async function optimizedOperators(model: Model): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-optimized-'));
  const optimizedModelFilePath = join(folder, 'model.onnx');
  try {
    const session = await InferenceSession.create(writeModel(model), {
      optimizedModelFilePath,
      graphOptimizationLevel: 'extended',
      logSeverityLevel: 4,
    });
    await session.release();
    const { graph } = readModel(new Uint8Array(await readFile(optimizedModelFilePath)));
    const values = everyValue(graph.outputs.map(({ value }) => value));
    return values.flatMap((value) => (value.kind === 'operation' ? [value.op] : []));
  } finally {
    await rm(folder, { recursive: true });
  }
}
