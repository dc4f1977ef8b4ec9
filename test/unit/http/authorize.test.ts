import { authorize, authorizedForSeconds, authorizeHandler } from '../../../functions/http/authorize';
import type { ApiKey } from '../../../shared/contracts/keys';
import { steppedClock } from '../../support/embedded-stores';

const aKey: ApiKey = {
  id: 'key_01J00000000000000000000000',
  object: 'key',
  tenant: 'acme',
  scopes: ['jobs', 'predict'],
  hint: 'abcd',
  created_at: '2026-01-01T00:00:00.000Z',
};

/** A key store that knows the token `good`, and counts how often it is asked. */
function setup() {
  const clock = steppedClock();
  const asked: string[] = [];
  const keys = {
    verify: async (token: string) => {
      asked.push(token);
      return token === 'good' ? aKey : undefined;
    },
  };
  const find = authorize({ keys, administratorKey: 'root', clock });
  return { clock, asked, find, handler: authorizeHandler({ authorize: find }) };
}

const methodArn = 'arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/GET/v1/jobs/job_1';
const anEvent = (headers: Record<string, string>) => ({ methodArn, headers });

describe('authorize', () => {
  it('asks for a good key once in 30 seconds', async () => {
    const { clock, asked, find } = setup();

    await find({ authorization: 'Bearer good' });
    clock.advance(authorizedForSeconds - 1);
    await find({ 'x-api-key': 'good' });
    clock.advance(2);
    await find({ Authorization: 'bearer good' });

    expect(asked).toEqual(['good', 'good']);
  });

  it('asks for a bad key every time, so that a new key works at once', async () => {
    const { asked, find } = setup();

    const outcomes = await Promise.allSettled([find({ 'x-api-key': 'bad' }), find({ 'x-api-key': 'bad' })]);

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(asked).toEqual(['bad', 'bad']);
  });

  it('gives the administrator every scope, without asking', async () => {
    const { asked, find } = setup();

    const context = await find({ 'x-api-key': 'root' });

    expect(context).toEqual({
      tenant: 'admin',
      keyId: 'administrator',
      scopes: 'predict jobs datasets models admin',
    });
    expect(asked).toEqual([]);
  });
});

describe('the request authorizer of API Gateway', () => {
  it('allows the whole API, for its answer may be cached for other paths', async () => {
    const { handler } = setup();

    const result = await handler(anEvent({ 'X-API-Key': 'good' }));

    expect(result).toEqual({
      principalId: aKey.id,
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'execute-api:Invoke',
            Effect: 'Allow',
            Resource: 'arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/*',
          },
        ],
      },
      context: { tenant: 'acme', keyId: aKey.id, scopes: 'jobs predict' },
    });
  });

  it('fails with the word that API Gateway turns into 401', async () => {
    const { handler } = setup();

    const result = handler(anEvent({ authorization: 'Bearer bad' }));

    await expect(result).rejects.toThrow(/^Unauthorized$/);
  });
});
