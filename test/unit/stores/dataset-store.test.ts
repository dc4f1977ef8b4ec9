import fc from 'fast-check';
import type { DatasetState } from '../../../shared/contracts/dataset';
import { ConditionFailedError } from '../../../shared/errors/store-errors';
import { ulidIds } from '../../../shared/ports/ids';
import { datasetStore, datasetTransitions } from '../../../shared/stores/dataset-store';
import { aTenant, type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

const file = { key: 'artifacts/x', bytes: 1, sha256: 'a'.repeat(64) };

function setup() {
  const datasets = datasetStore(stores);
  const address = { tenant: aTenant(), id: ulidIds.next('ds') };
  const job = 'job_x';
  const moves = {
    noteSource: () => datasets.noteSource({ ...address, source: file }),
    markValidating: () => datasets.markValidating({ ...address, job }),
    markReady: () => datasets.markReady({ ...address, job, rows: 1, data: file, profile: file }),
    markRejected: () => datasets.markRejected({ ...address, job, errors: [] }),
    markDeleted: () => datasets.markDeleted(address),
  };
  return { datasets, address, moves };
}
type MoveName = keyof ReturnType<typeof setup>['moves'];

const anyMoves = fc.array(
  fc.constantFrom<MoveName>('noteSource', 'markValidating', 'markReady', 'markRejected', 'markDeleted'),
  { maxLength: 6 },
);

async function stateOf({ tenant, id }: { tenant: string; id: string }): Promise<DatasetState | undefined> {
  const stored = await stores.records.get<{ state: DatasetState }>({
    partition: `tenant#${tenant}#dataset`,
    sort: id,
  });
  return stored?.value.state;
}

describe('the states of a data set', () => {
  it('move only as the table allows, whatever is told in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(anyMoves, async (names) => {
        const { datasets, address, moves } = setup();
        await datasets.create({ ...address, name: 'x' });
        for (const name of names) {
          const before = (await stateOf(address)) ?? 'deleted';
          await moves[name]();
          const after = (await stateOf(address)) ?? 'deleted';
          expect(after === before || datasetTransitions[before].includes(after)).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('come to one end where two ends race', async () => {
    const { datasets, address, moves } = setup();
    await datasets.create({ ...address, name: 'x' });

    const ends = await Promise.all([moves.markReady(), moves.markRejected(), moves.markReady()]);

    expect(ends.filter((end) => end?.moved)).toHaveLength(1);
    expect(new Set(ends.map((end) => end?.dataset.state)).size).toBe(1);
  });

  it('cannot be made anew over one that is there', async () => {
    const { datasets, address } = setup();
    await datasets.create({ ...address, name: 'x' });

    const again = datasets.create({ ...address, name: 'y' });

    await expect(again).rejects.toThrow(ConditionFailedError);
  });

  it('say nothing of a data set that is not there', async () => {
    const { datasets, address, moves } = setup();

    const told = [await moves.markReady(), await moves.noteSource(), await moves.markDeleted()];

    expect(told).toEqual([undefined, undefined, undefined]);
    expect(await datasets.get(address)).toBeUndefined();
  });
});
