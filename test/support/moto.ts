import type { AwsConnection } from '../../shared/adapters/aws/aws-client';

const endpoint = process.env.AWS_ENDPOINT_URL;
const isLoopback = endpoint !== undefined && /^http:\/\/127\.0\.0\.1:\d+$/.test(endpoint);

/** The moto server that `npm run test:aws` started. Suites never run against an endpoint that is not on this machine. */
export const moto: Required<Pick<AwsConnection, 'endpoint' | 'region' | 'credentials'>> = {
  endpoint: isLoopback ? endpoint : 'http://127.0.0.1:1',
  region: 'eu-central-1',
  credentials: { accessKeyId: 'testing', secretAccessKey: 'testing' },
};

/** `describe`, or, where no moto server runs, one visible line that says what to do. */
export const describeOnMoto: (title: string, suite: () => void) => void = isLoopback
  ? describe
  : (title) =>
      describe.skip(`${title}: start it with npm run test:aws`, () =>
        it('needs a moto server', () => undefined));

export const accountId = '123456789012';
