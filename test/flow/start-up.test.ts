import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type IngotServer, removeHome, startServer, temporaryHome } from '../support/ingot-server';

const run = promisify(execFile);

/** What a start that fails says; it times out where something stays open behind it. */
const startInChild = async (environment: Record<string, string>) => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', 'test/support/start-in-child.ts'], {
    cwd: join(__dirname, '../..'),
    env: { PATH: process.env.PATH ?? '', INGOT_PORT: '0', INGOT_LOG_LEVEL: 'WARN', ...environment },
    timeout: 120_000,
  });
  return stdout;
};

describe('a start that fails says why, and leaves nothing open', () => {
  let home: string;
  let server: IngotServer;

  beforeAll(async () => {
    home = await temporaryHome();
    server = await startServer(join(home, 'served'));
  });
  afterAll(async () => {
    await server.stop();
    await removeHome(home);
  });

  it('fails where another server uses the port', async () => {
    const { port } = new URL(server.url);

    const said = await startInChild({ INGOT_HOME: join(home, 'second'), INGOT_PORT: port });

    expect(said).toContain(`port ${port} on 127.0.0.1 is in use`);
  });

  it('fails where another server serves the folder, which goes on', async () => {
    const said = await startInChild({ INGOT_HOME: join(home, 'served') });

    expect(said).toContain('are in use by another process');
    expect((await server.client.send('GET', '/v1/jobs')).status).toBe(200);
  });

  it('fails where the folder cannot be written', async () => {
    const file = join(home, 'a-file');
    await writeFile(file, '');

    const said = await startInChild({ INGOT_HOME: join(file, 'home') });

    expect(said).toMatch(/cannot keep anything in '.*a-file\/home' \(ENOTDIR.*\): set INGOT_HOME/);
  });

  it('fails where the data has lost its key, and makes no new one', async () => {
    const keyless = join(home, 'keyless');
    await (await startServer(keyless)).stop();
    await rm(join(keyless, 'master-key'));

    const said = await startInChild({ INGOT_HOME: keyless });

    expect(said).toContain('put its backup back');
    expect(existsSync(join(keyless, 'master-key'))).toBe(false);
  });

  it.each([
    ['INGOT_PORT', 'abc', 'INGOT_PORT: must be a whole number from 0 to 65535'],
    ['INGOT_LOG_LEVEL', 'verbose', 'INGOT_LOG_LEVEL: must be one of DEBUG, INFO'],
  ])('fails where %s is %s', async (name, value, words) => {
    const said = await startInChild({ INGOT_HOME: join(home, 'never'), [name]: value });

    expect(said).toContain(words);
  });

  it('fails half-way, where a part of the folder is not what it was', async () => {
    const broken = join(home, 'broken');
    await (await startServer(broken)).stop();
    await rm(join(broken, 'queues'), { recursive: true });
    await writeFile(join(broken, 'queues'), '');

    const said = await startInChild({ INGOT_HOME: broken });

    expect(said).not.toContain('started');
    expect(said).toContain('queues');
  });
});
