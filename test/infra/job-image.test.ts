import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { containerUser } from '../../infra/constructs/container-host';

const run = promisify(execFile);

interface Stage {
  base: string;
  name: string;
  instructions: string[];
}

/** The Dockerfile's stages, each instruction on one line. */
function readStages(): Stage[] {
  const lines = readFileSync('jobs/Dockerfile', 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  const stages: Stage[] = [];
  for (const line of lines.map((text) => text.trim()).filter(Boolean)) {
    const [, base, name] = /^FROM (\S+) AS (\S+)$/.exec(line) ?? [];
    if (base !== undefined && name !== undefined) stages.push({ base, name, instructions: [] });
    else stages.at(-1)?.instructions.push(line);
  }
  return stages;
}

const stages = readStages();
const stageOf = (name: string) => stages.find((stage) => stage.name === name);
const instructionsOf = (name: string, verb: string) =>
  (stageOf(name)?.instructions ?? [])
    .filter((line) => line.startsWith(`${verb} `))
    .map((line) => line.slice(verb.length + 1));

describe('the job image', () => {
  it.each(
    [...readFileSync('jobs/Dockerfile', 'utf8').matchAll(/^ARG (\w+)=(\S+)$/gm)].map(([, name, image]) => [
      name,
      image,
    ]),
  )('starts from an exact version: %s=%s', (_name, image) => {
    expect(image).toMatch(/^[a-z/]+:\d+\.\d+\.\d+-[a-z0-9.-]+$/);
  });

  it.each(['cpu', 'cuda'])('runs as the user from whom machines keep their metadata: %s', (target) => {
    expect(instructionsOf(target, 'USER')).toEqual([`${containerUser}:${containerUser}`]);
    expect(instructionsOf(target, 'VOLUME')).toEqual(['/scratch']);
    expect(instructionsOf(target, 'ENV').join(' ')).toContain('TMPDIR=/scratch');
  });

  it.each(['cpu', 'cuda'])(
    'holds the program and its native packages, and neither sources nor other packages: %s',
    (target) => {
      expect(instructionsOf(target, 'COPY').filter((copy) => !copy.includes('/usr/local/bin/node'))).toEqual([
        `--from=${target}-libraries /libraries/node_modules ./node_modules`,
        '--from=program /build/dist ./',
      ]);
    },
  );

  it('fetches the CUDA libraries on purpose, in the one target that needs them', () => {
    const fetching = stages.filter(({ instructions }) =>
      instructions.some((line) => line.includes('--onnxruntime-node-install=cuda12')),
    );

    expect(fetching.map(({ name }) => name)).toEqual(['cuda-libraries']);
  });
});

const isTarget = process.platform === 'linux' && process.arch === 'x64';
const describeOnTarget = isTarget ? describe : describe.skip;

/** Runs the commands of a stage as the build would, with `/build` and `/libraries` elsewhere. */
async function build() {
  const root = mkdtempSync(join(tmpdir(), 'ingot-image-'));
  const libraries = join(root, 'node_modules');
  await mkdir(libraries);
  const here = process.cwd();
  const shell = (command: string, cwd: string) =>
    run(
      'bash',
      ['-c', command.replaceAll('/build/', `${here}/`).replaceAll('--outfile=dist/', `--outfile=${root}/`)],
      { cwd },
    );
  for (const command of instructionsOf('program', 'RUN')) await shell(command, here);
  for (const command of instructionsOf('cpu-libraries', 'RUN')) await shell(command, libraries);
  return { root, program: join(root, 'main.mjs') };
}

describeOnTarget(
  `the program in the image (built here by the Dockerfile's own commands; only on linux/x64)`,
  () => {
    let built: Awaited<ReturnType<typeof build>>;

    beforeAll(async () => {
      built = await build();
    });

    it('refuses to start without its variables, names them, and exits with 78', async () => {
      const started = run('node', [built.program], { env: { PATH: process.env.PATH } });

      await expect(started).rejects.toMatchObject({
        code: 78,
        stderr: expect.stringMatching(/INGOT_JOB_TOKEN/),
      });
    });

    it('finds its native packages beside it, for there are none elsewhere', async () => {
      const load =
        "await import('onnxruntime-node'); await import('@duckdb/node-api'); console.log('loaded')";

      const { stdout } = await run('node', ['--input-type=module', '--eval', load], { cwd: built.root });

      expect(stdout).toBe('loaded\n');
    });

    it('decodes images with the libraries beside it', async () => {
      const decode = `const { default: sharp } = await import('sharp');
        const image = { create: { width: 2, height: 1, channels: 3, background: '#ff8000' } };
        const { data } = await sharp(await sharp(image).png().toBuffer()).raw().toBuffer({ resolveWithObject: true });
        console.log([...data].join())`;

      const { stdout } = await run('node', ['--input-type=module', '--eval', decode], { cwd: built.root });

      expect(stdout).toBe('255,128,0,255,128,0\n');
    });
  },
);
