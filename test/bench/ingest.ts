import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Bench, type Row, withGoal } from './row';

const targetBytes = 1_000_000_000;
const rowsPerPiece = 10_000;
const mostMebibytes = 1_024;

const header = 'id,age,income,rate,score,city,segment,active,joined_at,note\n';
const cities = Array.from({ length: 5_000 }, (_, index) => `"City ${index}, Region ${index % 50}"`);

/** Mixed types, missing values, and quotes around separators, quotes and line breaks. */
function line(id: number): string {
  const wave = Math.sin(id);
  const income = id % 50 === 0 ? 'NA' : (id * 7_919) % 250_000;
  const joined = new Date(1_500_000_000_000 + id * 1_000).toISOString();
  const note = id % 100 === 0 ? `"said ""yes"" twice,\nand left ${id}"` : `note ${id * 31}`;
  return `${id},${id % 90},${income},${wave},${(wave * wave).toFixed(4)},${cities[id % cities.length]},segment-${id % 12},${id % 3 === 0},${joined},${note}\n`;
}

function* pieces(): Iterable<string> {
  yield header;
  let bytes = header.length;
  for (let id = 0; bytes < targetBytes; id += rowsPerPiece) {
    const piece = Array.from({ length: rowsPerPiece }, (_, index) => line(id + index)).join('');
    bytes += piece.length;
    yield piece;
  }
}

const measured = z.object({ seconds: z.number(), peakMebibytes: z.number(), rows: z.number() });
const run = promisify(execFile);

async function inChild(script: string, ...paths: string[]): Promise<z.infer<typeof measured>> {
  const { stdout } = await run(process.execPath, [
    '--import',
    'tsx',
    join(import.meta.dirname, script),
    ...paths,
  ]);
  return measured.parse(JSON.parse(stdout));
}

/** A CSV of 1 GB through the job kind `ingest`, validated, typed, written and profiled, beside DuckDB's bare copy of it. */
export const ingest: Bench = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-bench-ingest-'));
  try {
    const source = join(folder, 'source.csv');
    await pipeline(Readable.from(pieces()), createWriteStream(source));
    const megabytes = (await stat(source)).size / 1_000_000;
    const ours = await inChild('ingest-once.ts', source);
    const bare = await inChild('copy-once.ts', source, join(folder, 'bare.parquet'));
    if (ours.rows !== bare.rows)
      throw new Error(`ingested ${ours.rows} rows, and DuckDB alone read ${bare.rows}`);
    return rowsOf(megabytes, ours, bare);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

function rowsOf(megabytes: number, ours: z.infer<typeof measured>, bare: z.infer<typeof measured>): Row[] {
  const memory = {
    name: `peak resident memory, CSV of ${Math.round(megabytes)} MB`,
    unit: 'MiB',
    value: ours.peakMebibytes,
  };
  const [speed, peerSpeed] = [megabytes / ours.seconds, megabytes / bare.seconds];
  const peer = 'DuckDB, CSV to Parquet alone';
  return [
    withGoal(memory, '<', mostMebibytes),
    {
      name: 'ingestion: validate, type, store, profile',
      unit: 'MB/s',
      value: speed,
      peer,
      peer_value: peerSpeed,
      ratio: speed / peerSpeed,
    },
  ];
}
