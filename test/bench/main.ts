import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { benches } from './benches';
import type { Row } from './row';

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

/** `npm run bench`: all of them; `npm run bench -- training serving`: those. */
const asked = process.argv.slice(2);
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
  await writeFile(join(results, `${name}.json`), `${JSON.stringify({ machine, versions, rows }, null, 2)}\n`);
}
