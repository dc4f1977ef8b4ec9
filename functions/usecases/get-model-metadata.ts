import type { ModelMetadataAnswer } from '../../shared/contracts/inference';
import { tensorMetadataOf } from '../../shared/predictions/tensor-datatypes';
import type { ModelRequest } from './resolve-model';
import type { ServeModel } from './serve-model';

export type GetModelMetadata = (request: ModelRequest) => Promise<ModelMetadataAnswer>;

/** The tensors that the version takes and gives, in the Open Inference Protocol's terms. */
export const getModelMetadata =
  ({ serve }: { serve: ServeModel }): GetModelMetadata =>
  (request) =>
    serve(request, async ({ version, session }) => ({
      name: version.name,
      versions: [String(version.version)],
      platform: 'onnxruntime_onnx',
      inputs: session.inputs.flatMap(tensorMetadataOf),
      outputs: session.outputs.flatMap(tensorMetadataOf),
    }));
