import { openApi } from '../../shared/contracts/open-api';
import { routes } from '../../shared/contracts/routes';
import { type HttpEdge, route } from './route';

/** `GET /openapi.json` */
export const getOpenApiHandler = ({ edge, version }: { edge: HttpEdge; version: string }) => {
  let description: ReturnType<typeof openApi> | undefined;
  return route(routes['get-open-api'], edge, async () => {
    // made on demand: a function that only takes jobs need not pay for it at its start
    description ??= openApi(version);
    return { body: description };
  });
};
