import { LRUCache } from 'lru-cache';
import { InvalidRequestError } from '../../shared/errors/request-errors';
import type { Clock } from '../../shared/ports/clock';
import type { Instance } from '../../shared/predictions/encode-instances';
import type { ModelRegistry } from '../../shared/stores/model-registry';
import type { PredictModel } from './predict-model';
import { aliasLifetimeMilliseconds } from './resolve-model';

export interface PredictSimpleDependencies {
  registry: Pick<ModelRegistry, 'listModels' | 'getModel'>;
  predict: PredictModel;
  clock: Clock;
}

export interface PredictSimpleRequest {
  tenant: string;
  input: Instance;
  model?: string | undefined;
}

export type PredictSimple = (request: PredictSimpleRequest) => Promise<{ prediction: unknown }>;

/** The model that is meant where none is named and there are several. */
const defaultModel = 'default';
const listedModels = 20;

/** One prediction for one row. Without a model's name it is the tenant's only one, or the one named `default`. */
export function predictSimple({ registry, predict, clock }: PredictSimpleDependencies): PredictSimple {
  const onlyModels = new LRUCache<string, string>({
    max: 10_000,
    ttl: aliasLifetimeMilliseconds,
    ttlResolution: 0,
    perf: { now: () => clock.now().getTime() },
    fetchMethod: (tenant) => onlyModel(registry, tenant),
  });
  return async ({ tenant, input, model }) => {
    const name = model ?? (await onlyModels.forceFetch(tenant));
    const { predictions } = await predict({ tenant, name, instances: [input], pointerTo: () => '/input' });
    return { prediction: predictions[0] };
  };
}

async function onlyModel(registry: PredictSimpleDependencies['registry'], tenant: string): Promise<string> {
  const { models, hasMore } = await registry.listModels(tenant, { limit: listedModels, order: 'asc' });
  const [first, ...others] = models;
  if (first === undefined) throw new InvalidRequestError('there is no model yet: train or import one first');
  if (others.length === 0) return first.name;
  if (await registry.getModel({ tenant, name: defaultModel })) return defaultModel;
  const names = models.map(({ name }) => name).join(', ');
  throw new InvalidRequestError(
    `name a model, as in {"model": "${first.name}", "input": …}: there are several, and none of them is named '${defaultModel}': ${names}${hasMore ? ', …' : ''}`,
    [{ pointer: '/model', detail: `is missing; the models are: ${names}${hasMore ? ', …' : ''}` }],
  );
}
