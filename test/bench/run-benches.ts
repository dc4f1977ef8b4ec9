import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Bench, Row } from './row';

const results = join(import.meta.dirname, 'results');

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memory_gib: Math.round(totalmem() / 2 ** 30),
};
const versions = { node: process.versions.node, v8: process.versions.v8 };

const round = (value: number | undefined) => (value === undefined ? '' : Number(value.toPrecision(4)));
const printed = (row: Row) => ({
  name: row.name,
  value: round(row.value),
  unit: row.unit,
  peer: row.peer ?? '',
  'peer value': round(row.peer_value),
  ratio: round(row.ratio),
  goal: row.goal ?? '',
  met: row.met === undefined ? '' : row.met ? 'yes' : 'NO',
});

export interface BenchRun {
  readonly benches: Readonly<Record<string, Bench>>;
  /** Names of those to run; all of them where there is none. */
  readonly asked: readonly string[];
  /** Ahead of the names of the files with the results. */
  readonly prefix?: string;
}

/** Runs benches one after the other, prints a table for each, and writes it down; ends the process where a name is unknown. */
export async function runBenches({ benches, asked, prefix = '' }: BenchRun): Promise<void> {
  const unknown = asked.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    console.error(`no bench named ${unknown.join(', ')}; there are: ${Object.keys(benches).join(', ')}`);
    process.exit(64);
  }
  await mkdir(results, { recursive: true });
  for (const [name, bench] of Object.entries(benches)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    console.log(`\n${name}`);
    const rows = await bench();
    console.table(rows.map(printed));
    const told = `${JSON.stringify({ machine, versions, rows }, null, 2)}\n`;
    await writeFile(join(results, `${prefix}${name}.json`), told);
  }
}
