// Run as a child process: puts <megabytes> under 'child/object' in the folder, reads it back, and prints what it took.
import { join } from 'node:path';
import { openFileKeyService } from '../../shared/adapters/embedded/file-key-service';
import { openFileObjectStore } from '../../shared/adapters/embedded/file-object-store';
import { AppError } from '../../shared/errors/app-error';
import { peakBytes } from './peak-memory';

const [folder = '.', megabytes = '1'] = process.argv.slice(2);

async function* body() {
  const piece = Buffer.alloc(1024 * 1024, 'ingot');
  for (let written = 0; written < Number(megabytes); written += 1) yield piece;
}

const run = async () => {
  const keys = await openFileKeyService(join(folder, 'key'));
  const store = await openFileObjectStore({ folder, keys });
  await store.put('child/object', body());
  let bytes = 0;
  for await (const chunk of await store.get('child/object')) bytes += chunk.byteLength;
  return { bytes, peakMebibytes: Math.round(peakBytes() / 2 ** 20) };
};

const told = await run().catch((error: unknown) =>
  error instanceof AppError
    ? { name: error.name, message: error.message, retryable: error.retryable }
    : { name: String(error) },
);
process.stdout.write(JSON.stringify(told));
