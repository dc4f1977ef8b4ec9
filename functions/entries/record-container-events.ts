import { containerEventRecorder } from '../composition/jobs';
import { settingsOf, wirePlatform } from '../wiring';

const settings = settingsOf('record-container-events', process.env);

export const handler = containerEventRecorder(wirePlatform('record-container-events', settings));
