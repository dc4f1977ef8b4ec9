import { join } from 'node:path';

/** Where the embedded cloud keeps what, so that server and containers agree. */
export const embeddedFolders = (home: string) => ({
  masterKey: join(home, 'master-key'),
  dataKeys: join(home, 'data-keys'),
  objects: join(home, 'objects'),
  runs: join(home, 'runs'),
  records: join(home, 'records'),
  jobQueue: join(home, 'queues/jobs'),
  eventQueue: join(home, 'queues/events'),
  scratch: join(home, 'scratch'),
});
