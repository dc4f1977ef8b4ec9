import { batchEventRecorder } from '../composition/jobs';
import { settingsOf, wireObjects, wirePlatform, wireRunner } from '../wiring';

const settings = settingsOf('record-run-events', process.env);

export const handler = batchEventRecorder({
  ...wirePlatform('record-run-events', settings),
  objects: wireObjects(settings),
  runner: wireRunner(settings),
});
