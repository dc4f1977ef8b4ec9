import { dispatcher } from '../composition/jobs';
import { settingsOf, wireObjects, wirePlatform, wireRunner } from '../wiring';

const settings = settingsOf('dispatch-jobs', process.env);

export const handler = dispatcher({
  ...wirePlatform('dispatch-jobs', settings),
  objects: wireObjects(settings),
  runner: wireRunner(settings),
  // the job definition holds what every container is told
  containerEnvironment: {},
});
