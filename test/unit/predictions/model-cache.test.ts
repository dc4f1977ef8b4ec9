import { createHash } from 'node:crypto';
import { type ModelCacheDependencies, modelCache } from '../../../functions/usecases/model-cache';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { ManifestFile } from '../../../shared/contracts/events';
import { ModelLoadError } from '../../../shared/errors/model-errors';
import { ModelTooLargeError } from '../../../shared/errors/serving-errors';
import { IntegrityError } from '../../../shared/errors/store-errors';
import { floats } from '../../../shared/onnx/build';
import { writeModel } from '../../../shared/onnx/write-model';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import { countedObjects, watchedRuntime } from '../../support/counted-stores';
import { type EmbeddedStores, openEmbeddedStores } from '../../support/embedded-stores';
import { mlpOf, randomLayers } from '../../support/random-mlp';

let stores: EmbeddedStores;
beforeAll(async () => {
  stores = await openEmbeddedStores();
});
afterAll(() => stores.close());

let made = 0;

async function stored(
  bytes = writeModel(mlpOf(randomLayers([4, 3], { seed: ++made }))),
): Promise<ManifestFile> {
  const key = `artifacts/t/model-${++made}.onnx`;
  const { sha256 } = await stores.objects.put(key, bytes);
  return { key, bytes: bytes.byteLength, sha256 };
}

function setup(limits: Partial<Pick<ModelCacheDependencies, 'maximumBytes' | 'maximumModels'>> = {}) {
  const store = countedObjects(stores.objects);
  const runtime = watchedRuntime(onnxModelRuntime());
  const cache = modelCache({ store, runtime, threads: 1, maximumBytes: 1e6, maximumModels: 10, ...limits });
  return { store, runtime, cache };
}

const run = async (session: ModelSession) =>
  (await session.run({ x: floats([1, 4], [1, 2, 3, 4]) })).y?.data.length;

/** Work that goes on until it is told to go on to its end. */
function heldWork() {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const work = async (session: ModelSession) => {
    await held;
    return run(session);
  };
  return { work, letGo };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

describe('the model cache', () => {
  it('loads a model once, however many ask for it at the same time', async () => {
    const { cache, store, runtime } = setup();
    const artifact = await stored();

    const answers = await Promise.all(Array.from({ length: 20 }, () => cache.use(artifact, run)));

    expect(answers).toEqual(new Array(20).fill(3));
    expect([store.calls, runtime.loaded, runtime.disposed]).toEqual([1, 1, 0]);
  });

  it('makes no call for a model that it has, under whatever key', async () => {
    const { cache, store, runtime } = setup();
    const artifact = await stored();
    await cache.use(artifact, run);

    await cache.use({ ...artifact, key: 'artifacts/t/another-version-with-the-same-bytes.onnx' }, run);

    expect([store.calls, runtime.loaded]).toEqual([1, 1]);
  });

  it('lets go the model that was used longest ago when there are too many', async () => {
    const { cache, runtime } = setup({ maximumModels: 2 });
    const [a, b, c] = [await stored(), await stored(), await stored()];
    for (const artifact of [a, b, a, c]) await cache.use(artifact, run);
    await settled();

    await cache.use(a, run);
    await cache.use(c, run);

    expect([runtime.loaded, runtime.disposed]).toEqual([3, 1]);
  });

  it('lets go models when their bytes are too many', async () => {
    const [a, b, c] = [await stored(), await stored(), await stored()];
    const { cache, runtime } = setup({ maximumBytes: a.bytes + b.bytes });

    for (const artifact of [a, b, c]) await cache.use(artifact, run);
    await settled();

    expect([runtime.loaded, runtime.disposed]).toEqual([3, 1]);
  });

  it('disposes no session that somebody works with: not while it runs, nor while it waits', async () => {
    const { cache, runtime } = setup({ maximumModels: 1 });
    const { work, letGo } = heldWork();
    const [a, b] = [await stored(), await stored()];
    const [first, second] = [cache.use(a, work), cache.use(a, work)];
    await cache.use(b, run);
    await settled();
    const disposedMeanwhile = runtime.disposed;

    letGo();
    const answers = await Promise.all([first, second]);
    await settled();

    expect(disposedMeanwhile).toBe(0);
    expect(answers).toEqual([3, 3]);
    expect(runtime.disposed).toBe(1);
  });

  it('disposes a session that was let go while it was still loading, once its work is done', async () => {
    const { cache, runtime } = setup({ maximumModels: 1 });
    const [a, b] = [await stored(), await stored()];

    const answers = await Promise.all([cache.use(a, run), cache.use(b, run)]);
    await settled();

    expect(answers).toEqual([3, 3]);
    expect([runtime.loaded, runtime.disposed]).toEqual([2, 1]);
  });

  it('keeps its answers right under many models, few places and much work at once', async () => {
    const { cache, runtime } = setup({ maximumModels: 2 });
    const artifacts = await Promise.all(Array.from({ length: 5 }, () => stored()));
    const order = Array.from({ length: 200 }, (_, at) => artifacts[(at * 7) % 5] ?? artifacts[0]);

    const answers = await Promise.all(order.map((artifact) => artifact && cache.use(artifact, run)));
    cache.clear();
    await settled();

    expect(answers).toEqual(new Array(200).fill(3));
    expect(runtime.disposed).toBe(runtime.loaded);
  });

  it('lets go a model whose work failed', async () => {
    const { cache, runtime } = setup();
    const artifact = await stored();
    const failing = cache.use(artifact, () => Promise.reject(new Error('the work failed')));
    await expect(failing).rejects.toThrow('the work failed');

    cache.clear();
    await settled();

    expect(runtime.disposed).toBe(1);
  });

  it('refuses bytes whose digest is not the one on record', async () => {
    const { cache, runtime } = setup();
    const artifact = await stored();
    const sha256 = createHash('sha256').update('another model').digest('hex');

    const use = cache.use({ ...artifact, sha256 }, run);

    await expect(use).rejects.toBeInstanceOf(IntegrityError);
    expect(runtime.loaded).toBe(0);
  });

  it.each([{ more: 1 }, { more: -1 }])(
    'refuses bytes that are $more of the size on record',
    async ({ more }) => {
      const { cache } = setup();
      const artifact = await stored();

      const use = cache.use({ ...artifact, bytes: artifact.bytes + more }, run);

      await expect(use).rejects.toBeInstanceOf(IntegrityError);
    },
  );

  it('fails for bytes that are no model, and tries again the next time', async () => {
    const { cache, store } = setup();
    const artifact = await stored(Buffer.from('not a model'));
    await expect(cache.use(artifact, run)).rejects.toBeInstanceOf(ModelLoadError);

    const again = cache.use(artifact, run);

    await expect(again).rejects.toBeInstanceOf(ModelLoadError);
    expect(store.calls).toBe(2);
  });

  it('refuses a model that is larger than all its room', async () => {
    const { cache, store } = setup({ maximumBytes: 100 });
    const artifact = await stored();

    const use = cache.use(artifact, run);

    await expect(use).rejects.toBeInstanceOf(ModelTooLargeError);
    expect(store.calls).toBe(0);
  });
});
