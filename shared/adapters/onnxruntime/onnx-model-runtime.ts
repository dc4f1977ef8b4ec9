import { InferenceSession } from 'onnxruntime-node';
import { processorKind } from '../../config/processor';
import { ModelLoadError, ModelRunError, ProviderUnavailableError } from '../../errors/model-errors';
import type { Tensor } from '../../onnx/ir';
import type { ModelRuntime, ModelSession, SessionOptions, TensorInfo } from '../../ports/model-runtime';
import { cleanMessage } from './clean-message';
import { elementTypeOfOrt, fromOrtTensor, toOrtTensor } from './onnx-tensors';

export interface OnnxModelRuntimeOptions {
  /**
   * Numbers below 1.2e-38 count as zero, in the runtime's threads and, from the process's first session on, in the
   * JavaScript thread too: for processes that do nothing but run models. Denormal weights slow some machines up to 38x.
   */
  flushDenormals?: boolean;
}

/** Models run by ONNX Runtime; a run holds the thread of the caller until it is done. */
export function onnxModelRuntime(options: OnnxModelRuntimeOptions = {}): ModelRuntime {
  return {
    async load(model, session = {}) {
      const loaded = await createSession(model, sessionOptions(options, session), session.provider ?? 'cpu');
      try {
        return sessionOver(loaded);
      } catch (error) {
        await loaded.release();
        throw error;
      }
    },
  };
}

/** What goes wrong is thrown; the runtime's own lines on stderr would say it twice. */
const fatalOnly = 4;

function sessionOptions(
  { flushDenormals = false }: OnnxModelRuntimeOptions,
  { provider = 'cpu', threads }: SessionOptions,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    executionMode: 'sequential',
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: fatalOnly,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: {
      session: {
        // without it, processors that have AVX2 but no VNNI saturate the sums of int8 weights, and silently err; with it, those
        // that have VNNI would take slower kernels for nothing
        ...(processorKind() === 'avx512vnni' ? {} : { x64quantprecision: '1' }),
        ...(flushDenormals ? { set_denormal_as_zero: '1' } : {}),
      },
    },
  };
}

async function createSession(model: Uint8Array, options: InferenceSession.SessionOptions, provider: string) {
  if (model.byteLength === 0) throw new ModelLoadError('it has no bytes');
  try {
    return await InferenceSession.create(model, options);
  } catch (error) {
    if (provider !== 'cpu' && /ExecutionProvider|backend/i.test(String(error))) {
      throw new ProviderUnavailableError(provider, error);
    }
    throw new ModelLoadError(cleanMessage(error), error);
  }
}

function tensorInfo(metadata: InferenceSession.TensorValueMetadata, what: string): TensorInfo {
  const { name, type, shape } = metadata;
  return { name, elementType: elementTypeOfOrt(type, `${what} '${name}'`), shape };
}

function inputInfo(metadata: InferenceSession.ValueMetadata): TensorInfo {
  if (metadata.isTensor) return tensorInfo(metadata, 'input');
  throw new ModelLoadError(`input '${metadata.name}' is a sequence or a map; only tensors can be fed`);
}

/** Outputs that are sequences or maps are left out: the binding cannot hand them over. */
function outputInfos(session: InferenceSession): TensorInfo[] {
  const tensors = session.outputMetadata.flatMap((metadata) =>
    metadata.isTensor ? [tensorInfo(metadata, 'output')] : [],
  );
  if (tensors.length === 0) throw new ModelLoadError('none of its outputs is a tensor');
  return tensors;
}

function sessionOver(session: InferenceSession): ModelSession {
  const inputs = session.inputMetadata.map(inputInfo);
  const outputs = outputInfos(session);
  const types = new Map(inputs.map(({ name, elementType }) => [name, elementType]));
  const everyOutput = outputs.map(({ name }) => name);
  return {
    inputs,
    outputs,
    async run(feeds, fetches = everyOutput) {
      const given = mapEntries(feeds, (name, tensor) => {
        checkFeed(types, name, tensor);
        return toOrtTensor(name, tensor);
      });
      return mapEntries(await runSession(session, given, fetches), fromOrtTensor);
    },
    dispose: () => session.release(),
  };
}

/** Own properties whatever the names: a column may be called `__proto__`. */
function mapEntries<A, B>(
  record: Readonly<Record<string, A>>,
  map: (name: string, value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(name, value)]));
}

function checkFeed(types: ReadonlyMap<string, string>, name: string, { elementType }: Tensor): void {
  const expected = types.get(name);
  if (expected === elementType) return;
  const why =
    expected === undefined
      ? `it has no input '${name}'; its inputs are: ${[...types.keys()].join(', ')}`
      : `input '${name}' takes ${expected}, got ${elementType}`;
  throw new ModelRunError(why);
}

async function runSession(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
  fetches: readonly string[],
) {
  try {
    return await session.run(feeds, fetches);
  } catch (error) {
    throw new ModelRunError(cleanMessage(error), error);
  }
}
