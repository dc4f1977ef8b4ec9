import { storesOf } from '../composition/platform';
import { issueJobCredentials } from '../usecases/issue-job-credentials';
import { settingsOf, wireJobSession, wirePlatform } from '../wiring';

const settings = settingsOf('issue-job-credentials', process.env);
const { jobs } = storesOf(wirePlatform('issue-job-credentials', settings));

export const handler = issueJobCredentials({ jobs, assumeJobRole: wireJobSession(settings) });
