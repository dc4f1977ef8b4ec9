import { publishPage } from '../../../jobs/reports/publish-page';

function setup() {
  const published = new Map<string, string>();
  const logged: string[] = [];
  const context = {
    outputs: {
      path: (name: string) => name,
      publish: async (name: string, bytes?: Uint8Array) => {
        published.set(name, new TextDecoder().decode(bytes));
      },
    },
    log: (level: string, message: string) => logged.push(`${level}: ${message}`),
  };
  return { context, published, logged };
}

describe('the page of a job', () => {
  it('stands among its outputs', async () => {
    const { context, published, logged } = setup();

    await publishPage(context, async () => '<!doctype html>ä');

    expect([...published]).toEqual([['report.html', '<!doctype html>ä']]);
    expect(logged).toEqual([]);
  });

  it('fails to be drawn without failing the job, and the log says so', async () => {
    const { context, published, logged } = setup();

    await publishPage(context, () => Promise.reject(new RangeError('no such scale')));

    expect(published.size).toBe(0);
    expect(logged).toEqual([
      'warn: report.html is left out, it could not be drawn: RangeError: no such scale',
    ]);
  });

  it('fails where it cannot be stored', async () => {
    const { context } = setup();
    const outputs = { ...context.outputs, publish: () => Promise.reject(new Error('the disk is full')) };

    const publishing = publishPage({ ...context, outputs }, async () => 'page');

    await expect(publishing).rejects.toThrow('the disk is full');
  });
});
