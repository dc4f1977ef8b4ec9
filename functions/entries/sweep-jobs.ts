import { sweeper } from '../composition/jobs';
import { settingsOf, wireJobQueue, wireObjects, wirePlatform, wireRunner } from '../wiring';

const settings = settingsOf('sweep-jobs', process.env);

export const handler = sweeper({
  ...wirePlatform('sweep-jobs', settings),
  objects: wireObjects(settings),
  runner: wireRunner(settings),
  jobQueue: wireJobQueue(settings),
});
