import type { ModelSignature } from '../../shared/contracts/model';
import { compileDecoder, type DecodePredictions } from '../../shared/predictions/decode-predictions';
import {
  compileEncoder,
  type EncodeInstances,
  type Instance,
} from '../../shared/predictions/encode-instances';
import type { ModelRequest } from './resolve-model';
import type { ServedModel, ServeModel } from './serve-model';

export interface PredictRequest extends ModelRequest {
  instances: readonly Instance[];
  /** JSON Pointer of an instance in the caller's request. */
  pointerTo?: (index: number) => string;
}

export interface Predictions {
  predictions: unknown[];
  model: { name: string; version: number };
}

export type PredictModel = (request: PredictRequest) => Promise<Predictions>;

interface Codec {
  readonly encode: EncodeInstances;
  readonly decode: DecodePredictions;
  readonly fetches: readonly string[];
}

/** One prediction for each instance, in their order. `InvalidRequestError` tells all that is wrong with the instances. */
export function predictModel({ serve }: { serve: ServeModel }): PredictModel {
  const codecOf = compiledOnce();
  return (request) =>
    serve(request, async (served) => {
      const { name, version } = served.version;
      const { encode, decode, fetches } = codecOf(served);
      const predictions: unknown[] = [];
      for (const { feeds, instances } of encode(request.instances, request.pointerTo)) {
        const outputs = await served.session.run(feeds, fetches);
        predictions.push(...decode(outputs, instances));
      }
      return { predictions, model: { name, version } };
    });
}

/** The signature object lives as long as its version is cached, and so does what was compiled from it. */
function compiledOnce(): (served: ServedModel) => Codec {
  const codecs = new WeakMap<ModelSignature, Codec>();
  return ({ version: { signature }, session }) => {
    const known = codecs.get(signature);
    if (known !== undefined) return known;
    const codec = {
      encode: compileEncoder(signature, session.inputs),
      decode: compileDecoder(signature),
      fetches: signature.outputs.map(({ name }) => name),
    };
    codecs.set(signature, codec);
    return codec;
  };
}
