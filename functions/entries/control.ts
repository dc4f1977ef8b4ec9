import { controlHandlers } from '../composition/control';
import { dispatchRoutes } from '../composition/route-handlers';
import { settingsOf, wireJobQueue, wireObjects, wirePlatform, wireRunner } from '../wiring';

const settings = settingsOf('control', process.env);

export const handler = dispatchRoutes(
  controlHandlers({
    ...wirePlatform('control', settings),
    objects: wireObjects(settings),
    runner: wireRunner(settings),
    jobQueue: wireJobQueue(settings),
  }),
);
