import { routes } from '../../shared/contracts/routes';
import type { importModel } from '../usecases/import-model';
import { type HttpEdge, route } from './route';

/** `POST /v1/models` */
export const importModelHandler = (deps: { edge: HttpEdge; importModel: ReturnType<typeof importModel> }) =>
  route(routes['import-model'], deps.edge, async ({ tenant, body }) => {
    const version = await deps.importModel({ tenant, ...body });
    const location = `/v1/models/${version.name}/versions/${version.version}`;
    return { headers: { location }, body: version };
  });
