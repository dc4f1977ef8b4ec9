import { ConflictError } from '../../shared/errors/request-errors';
import type { ModelRequest } from './resolve-model';
import type { ServeModel } from './serve-model';

export type GetModelReadiness = (request: ModelRequest) => Promise<{ name: string; ready: boolean }>;

/** Whether the version can serve now; asking loads it. A version that is still checked, or was rejected, is not ready. */
export const getModelReadiness =
  ({ serve }: { serve: ServeModel }): GetModelReadiness =>
  async (request) => {
    try {
      return await serve(request, async ({ version }) => ({ name: version.name, ready: true }));
    } catch (error) {
      if (error instanceof ConflictError) return { name: request.name, ready: false };
      throw error;
    }
  };
