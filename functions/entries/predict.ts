import { predictionHandlers } from '../composition/prediction';
import { dispatchRoutes } from '../composition/route-handlers';
import { wireRuntime } from '../runtime/wiring';
import { settingsOf, wireObjects, wirePlatform } from '../wiring';

const settings = settingsOf('predict', process.env);

export const handler = dispatchRoutes(
  predictionHandlers({
    ...wirePlatform('predict', settings),
    objects: wireObjects(settings),
    ...wireRuntime(),
  }),
);
