import { eventHandlers } from '../composition/jobs';
import { dispatchRoutes } from '../composition/route-handlers';
import { streamResponse } from '../composition/stream-response';
import { settingsOf, wirePlatform } from '../wiring';

const settings = settingsOf('stream-job-events', process.env);

// API Gateway ends a streamed answer after 15 minutes; the reader comes back with Last-Event-ID
const longestStreamSeconds = 14 * 60;

export const handler = streamResponse(
  dispatchRoutes(eventHandlers(wirePlatform('stream-job-events', settings), longestStreamSeconds)),
);
