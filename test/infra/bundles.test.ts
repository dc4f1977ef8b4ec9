import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { FunctionName } from '../../shared/config/env';
import { type Resource, synthesize } from './synthesize';

const run = promisify(execFile);
const mebibyte = 2 ** 20;

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** The machine that an ELF file is for: 62 is x86-64, 183 is arm64 (System V ABI, e_machine). */
const machineOf = (file: string) => readFileSync(file).readUInt16LE(18);

describe('the code of the functions, bundled as for a deployment', () => {
  const { app, functions } = synthesize({}, { bundle: true });
  const folderOf = ({ properties }: Resource) =>
    join(app.outdir, `asset.${String(properties.Code.S3Key).replace('.zip', '')}`);
  const assets = [...functions].map(([name, resource]) => ({
    name,
    resource,
    files: filesIn(folderOf(resource)),
  }));

  it.each(assets)('$name fits into 250 MB, with its map', ({ files }) => {
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);

    expect(bytes).toBeLessThan(250 * mebibyte);
    expect(files.some((file) => file.endsWith('index.mjs.map'))).toBe(true);
  });

  it.each(assets)(
    '$name has native code only if it predicts, and only for its own machine',
    ({ name, resource, files }) => {
      const native = files.filter((file) => /\.(node|so(\.\d+)*|dll|dylib)$/.test(file));

      expect(resource.properties.Architectures).toEqual(['arm64']);
      expect(native.length > 0).toBe(name === 'predict');
      expect(new Set(native.map(machineOf))).toEqual(new Set(name === 'predict' ? [183] : []));
    },
  );

  // `authorize` reads the admin key as it starts, and `predict` holds code for another machine
  const startable: FunctionName[] = [
    'control',
    'stream-job-events',
    'dispatch-jobs',
    'record-container-events',
    'record-run-events',
    'sweep-jobs',
    'issue-job-credentials',
  ];

  it.each(startable)('%s starts with the variables of its template and has a handler', async (name) => {
    const resource = functions.get(name);
    const variables: Record<string, unknown> = resource?.properties.Environment.Variables;
    const environment = Object.entries(variables).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : 'resolved',
    ]);
    const entry = resource === undefined ? '' : join(folderOf(resource), 'index.mjs');
    const script = `globalThis.awslambda = { streamifyResponse: (f) => f }; console.log(typeof (await import('${entry}')).handler)`;

    const { stdout } = await run('node', ['--input-type=module', '--eval', script], {
      env: {
        PATH: process.env.PATH,
        AWS_REGION: 'eu-west-1',
        ...Object.fromEntries(environment),
        NODE_OPTIONS: '',
      },
    });

    expect(stdout).toBe('function\n');
  });
});
