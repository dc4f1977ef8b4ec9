import type { ModelSession } from '../../shared/ports/model-runtime';
import type { ModelCache } from './model-cache';
import type { ModelRequest, ResolveModel, ServingVersion } from './resolve-model';

/** A version with its session, which stays loaded while the work goes on. */
export interface ServedModel {
  readonly version: ServingVersion;
  readonly session: ModelSession;
}

export type ServeModel = <T>(request: ModelRequest, work: (model: ServedModel) => Promise<T>) => Promise<T>;

export interface ServeModelDependencies {
  resolve: ResolveModel;
  cache: Pick<ModelCache, 'use'>;
}

/** Finds the version that serves the request and does the work with it; no call leaves the process where both are warm. */
export const serveModel =
  ({ resolve, cache }: ServeModelDependencies): ServeModel =>
  async (request, work) => {
    const version = await resolve(request);
    return cache.use(version.artifact, (session) => work({ version, session }));
  };
