import { dirname, join } from 'node:path';
import { files, read } from './tree';

/** How somebody new reads the program: each arrow is one file. */
const orders: Readonly<Record<string, readonly string[]>> = {
  'a request': [
    'shared/contracts/routes.ts',
    'functions/http/submit-job.ts',
    'functions/usecases/submit-job.ts',
    'shared/stores/job-store.ts',
    'shared/ports/record-store.ts',
    'shared/adapters/aws/dynamodb-record-store.ts',
  ],
  'a message': [
    'functions/queue/dispatch-jobs.ts',
    'functions/usecases/start-job.ts',
    'shared/ports/batch-runner.ts',
    'functions/events/record-run-events.ts',
  ],
  'a container': [
    'jobs/main.ts',
    'jobs/run-job.ts',
    'jobs/kinds/index.ts',
    'jobs/kinds/train.ts',
    'jobs/training/train.ts',
  ],
  training: [
    'shared/onnx/ir.ts',
    'jobs/autodiff/differentiate.ts',
    'jobs/autodiff/gradient-rules/index.ts',
    'jobs/training/training-step.ts',
    'jobs/training/train.ts',
    'jobs/training/export-model.ts',
  ],
  compression: [
    'jobs/kinds/compress.ts',
    'jobs/candidates/compress-model.ts',
    'jobs/candidates/search.ts',
    'jobs/candidates/make-step.ts',
    'jobs/compression/pass.ts',
    'jobs/compression/quantization/dynamic/int8-dynamic.ts',
  ],
};

const folders = new Set(
  files.flatMap((path) => path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'))),
);
const isThere = (path: string) => files.includes(path) || folders.has(path.replace(/\/$/, ''));

const documents = files.filter((path) => path.endsWith('.md'));

describe('what somebody new reads', () => {
  it.each(Object.entries(orders))('is there, file by file: %s', (_, order) => {
    const missing = order.filter((path) => !files.includes(path));

    expect(missing).toEqual([]);
  });

  it('is there where the README names it', () => {
    const paths = [...read('README.md').matchAll(/`((?:shared|functions|jobs|infra|test|docs)\/[\w./-]*)`/g)];

    const missing = paths.map(([, path = '']) => path).filter((path) => !isThere(path));

    expect(paths.length).toBeGreaterThan(5);
    expect(missing).toEqual([]);
  });

  it.each(documents)('is there where a link of %s points', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)].map(
      ([, link = '']) => link,
    );

    const missing = links.filter((link) => !isThere(join(dirname(document), link)));

    expect(missing).toEqual([]);
  });
});
