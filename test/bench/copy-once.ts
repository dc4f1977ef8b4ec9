import { DuckDBInstance } from '@duckdb/node-api';
import { peakBytes } from '../support/peak-memory';

/** DuckDB alone, from CSV to Parquet with its own sniffing, under the same bounds as an ingestion; prints `{seconds, peakMebibytes, rows}`. */
const [source = '', target = ''] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', { threads: '2', memory_limit: '384MiB' });
const connection = await instance.connect();
const start = performance.now();
const copied = await connection.run(
  `COPY (FROM read_csv('${source}', nullstr = ['', 'NA'])) TO '${target}' (FORMAT parquet, COMPRESSION zstd)`,
);
const seconds = (performance.now() - start) / 1_000;
console.log(
  JSON.stringify({
    seconds,
    peakMebibytes: peakBytes() / 2 ** 20,
    rows: copied.rowsChanged,
  }),
);
