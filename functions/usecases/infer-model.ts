import type { InferAnswer, InferRequest } from '../../shared/contracts/inference';
import { readInferInputs } from '../../shared/predictions/read-infer-inputs';
import { refuseBinary } from '../../shared/predictions/refuse-binary';
import { wantedOutputs, writeInferOutput } from '../../shared/predictions/write-infer-outputs';
import type { ModelRequest } from './resolve-model';
import type { ServeModel } from './serve-model';

export type InferModel = (request: ModelRequest, body: InferRequest) => Promise<InferAnswer>;

/** Tensors in, tensors out, as the Open Inference Protocol has them. `InvalidRequestError` names each tensor that does not fit. */
export const inferModel =
  ({ serve }: { serve: ServeModel }): InferModel =>
  async (request, body) => {
    refuseBinary(body);
    return serve(request, async ({ version, session }) => {
      const feeds = readInferInputs(body, session.inputs);
      const wanted = wantedOutputs(body, session.outputs);
      const outputs = await session.run(feeds, wanted);
      return {
        model_name: version.name,
        model_version: String(version.version),
        ...(body.id === undefined ? {} : { id: body.id }),
        outputs: wanted.flatMap((name) => {
          const tensor = outputs[name];
          return tensor === undefined ? [] : [writeInferOutput(name, tensor)];
        }),
      };
    });
  };
