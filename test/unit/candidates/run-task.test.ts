import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { taskRunner } from '../../../jobs/candidates/run-task';
import { InterruptedError } from '../../../shared/errors/job-errors';

let scratch = '';
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ingot-task-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** A program in the place of ours: what follows `-e` is told the task and the file with its order. */
function setup(script: string) {
  const stopping = new AbortController();
  const logs: string[] = [];
  const run = taskRunner({
    program: [process.execPath, '-e', script],
    scratch,
    signal: stopping.signal,
    threads: 1,
    provider: 'cpu',
    memoryBytes: 2 ** 30,
    log: (_, message) => void logs.push(message),
  });
  return { run, logs, stop: () => stopping.abort('SIGTERM') };
}

const order = { model: 'model.onnx', written: 'clean.onnx' };
const writing = (outcome: string) =>
  `const { outcome } = JSON.parse(require('fs').readFileSync(process.argv[2])); require('fs').writeFileSync(outcome, JSON.stringify(${outcome}));`;

describe('a task in a process of its own', () => {
  it('answers with its outcome, and hands on what it says', async () => {
    const { run, logs } = setup(
      `process.send({ type: 'log', level: 'info', message: process.argv[1] }, () => process.disconnect()); ${writing('{ passes: [] }')}`,
    );

    const result = await run('clean', order);

    expect(result).toMatchObject({ done: { passes: [] }, seconds: expect.any(Number) });
    expect(logs).toEqual(['candidate']);
  });

  it('tells what went wrong in the words of its outcome', async () => {
    const { run } = setup(writing(`{ failed: 'no layer gains' }`));

    expect(await run('clean', order)).toMatchObject({ failed: 'no layer gains' });
  });

  it.each([
    { how: 'aborts', script: "process.kill(process.pid, 'SIGABRT')", words: 'its process ended by SIGABRT' },
    { how: 'exits early', script: 'process.exit(3)', words: 'its process ended with exit code 3' },
    {
      how: 'is killed',
      script: "process.kill(process.pid, 'SIGKILL')",
      words: 'its process ended by SIGKILL',
    },
  ])('costs itself alone where it $how', async ({ script, words }) => {
    const { run } = setup(script);

    expect(await run('clean', order)).toMatchObject({ failed: words });
  });

  it('costs its deadline where it hangs', async () => {
    const { run } = setup('while (true) {}');

    const result = await run('clean', order, { deadlineMilliseconds: 500 });

    expect(result).toMatchObject({ failed: expect.stringMatching(/^it did not come to an end in/) });
  });

  it('fails as interrupted where the job is told to stop', async () => {
    const { run, stop } = setup('setInterval(() => {}, 1000)');

    const running = run('clean', order);
    setTimeout(stop, 200);

    await expect(running).rejects.toBeInstanceOf(InterruptedError);
  });
});
