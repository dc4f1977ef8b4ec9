import { storedCheckpoints } from '../../../jobs/stored-checkpoints';
import { temporaryObjectStore } from '../../support/temporary-object-store';

const prefix = 'checkpoints/acme/job_1/';
const bytes = (text: string) => new TextEncoder().encode(text);

describe('stored checkpoints', () => {
  let temporary: Awaited<ReturnType<typeof temporaryObjectStore>>;
  const saved: [number, number][] = [];
  const setup = () => storedCheckpoints(temporary.store, prefix, (step, size) => saved.push([step, size]));
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of temporary.store.list('')) found.push(key);
    return found;
  };

  beforeEach(async () => {
    temporary = await temporaryObjectStore();
    saved.length = 0;
  });
  afterEach(() => temporary.remove());

  it('gives back the newest one whole, whatever the order of saving says', async () => {
    const checkpoints = setup();
    await checkpoints.save({ step: 9, files: { weights: bytes('nine'), cursor: bytes('9') } });
    await checkpoints.save({ step: 10, files: { weights: bytes('ten'), cursor: bytes('10') } });

    const latest = await setup().latest();

    expect(latest?.step).toBe(10);
    expect(
      Object.fromEntries(
        Object.entries(latest?.files ?? {}).map(([name, file]) => [name, Buffer.from(file).toString()]),
      ),
    ).toEqual({
      weights: 'ten',
      cursor: '10',
    });
    expect(saved).toEqual([
      [9, 5],
      [10, 5],
    ]);
  });

  it('has none before the first', async () => {
    const checkpoints = setup();

    const latest = await checkpoints.latest();

    expect(latest).toBeUndefined();
  });

  it('keeps two, so that there is always a whole one', async () => {
    const checkpoints = setup();

    for (const step of [1, 2, 3, 4])
      await checkpoints.save({ step, files: { weights: bytes(`step ${step}`) } });

    const steps = new Set((await keys()).map((key) => Number(key.split('/')[3])));
    expect([...steps].sort()).toEqual([3, 4]);
  });

  it.each([
    ['without its manifest', async (folder: string) => temporary.store.remove(`${folder}manifest.json`)],
    ['without a file', async (folder: string) => temporary.store.remove(`${folder}weights`)],
    [
      'with another file than it names',
      async (folder: string) => void (await temporary.store.put(`${folder}weights`, bytes('other'))),
    ],
    [
      'with a manifest that is none',
      async (folder: string) => void (await temporary.store.put(`${folder}manifest.json`, bytes('{'))),
    ],
  ])('falls back to the one before where the newest is %s', async (_how, damage) => {
    const checkpoints = setup();
    await checkpoints.save({ step: 1, files: { weights: bytes('one') } });
    await checkpoints.save({ step: 2, files: { weights: bytes('two') } });

    await damage(`${prefix}000000000002/`);
    const latest = await checkpoints.latest();

    expect(latest?.step).toBe(1);
  });
});
