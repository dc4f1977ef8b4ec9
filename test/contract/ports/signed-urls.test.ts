import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { type IncomingUpload, signedUrls } from '../../../shared/adapters/embedded/signed-urls';
import { InvalidSignatureError } from '../../../shared/errors/access-errors';
import type { UploadRequest } from '../../../shared/ports/object-store';

const signingKey = randomBytes(32);
const digest = 'ab'.repeat(32);

const setup = () => {
  const time = { now: new Date('2026-01-01T00:00:00.400Z') };
  const urls = signedUrls({ baseUrl: 'http://127.0.0.1:8787', signingKey, clock: { now: () => time.now } });
  const ask = async (request: Partial<UploadRequest> = {}): Promise<IncomingUpload> => {
    const complete = {
      key: 'datasets/t1/ds_1/source',
      expiresInSeconds: 60,
      bytes: 10,
      sha256: digest,
      ...request,
    };
    const { method, url, headers } = await urls.sign(complete);
    return { method, url, headers };
  };
  return { time, urls, ask };
};

describe('signed upload URLs', () => {
  it('give back what was signed', async () => {
    const { urls, ask } = setup();
    const request = await ask();

    const allowed = urls.verifyUpload(request);

    expect(allowed).toEqual({ key: 'datasets/t1/ds_1/source', bytes: 10, sha256: digest });
    expect(request.url).toMatch(
      /^http:\/\/127\.0\.0\.1:8787\/_uploads\/datasets\/t1\/ds_1\/source\?expires=1767225661&bytes=10&sha256=(ab){32}&signature=[0-9a-f]{64}$/,
    );
  });

  it('need no size and digest', async () => {
    const { urls } = setup();
    const { url, headers, method } = await urls.sign({ key: 'a', expiresInSeconds: 1 });

    const allowed = urls.verifyUpload({ method, url, headers: { 'content-length': '123' } });

    expect(allowed).toEqual({ key: 'a' });
    expect(headers).toEqual({});
  });

  it('hold when the server sees only the path', async () => {
    const { urls, ask } = setup();
    const request = await ask();

    const allowed = urls.verifyUpload({ ...request, url: request.url.replace('http://127.0.0.1:8787', '') });

    expect(allowed.key).toBe('datasets/t1/ds_1/source');
  });

  it('say when they end, to the second', async () => {
    const { urls, time } = setup();
    const { method, url, expiresAt } = await urls.sign({ key: 'a', expiresInSeconds: 60 });
    time.now = new Date(expiresAt.getTime() - 1);

    const allowed = urls.verifyUpload({ method, url, headers: {} });

    expect(allowed.key).toBe('a');
    expect(expiresAt.toISOString()).toBe('2026-01-01T00:01:01.000Z');
  });

  it('fail when their time is over', async () => {
    const { urls, time } = setup();
    const { method, url, expiresAt } = await urls.sign({ key: 'a', expiresInSeconds: 60 });
    time.now = expiresAt;

    const verifying = () => urls.verifyUpload({ method, url, headers: {} });

    expect(verifying).toThrow(InvalidSignatureError);
    expect(verifying).toThrow(expect.objectContaining({ code: 'signature_expired' }));
  });

  it.each([
    { what: 'another method', change: (r: IncomingUpload) => ({ ...r, method: 'POST' }) },
    { what: 'another key', change: (r: IncomingUpload) => ({ ...r, url: r.url.replace('/t1/', '/t2/') }) },
    {
      what: 'a later end',
      change: (r: IncomingUpload) => ({ ...r, url: r.url.replace('expires=1', 'expires=2') }),
    },
    {
      what: 'another size',
      change: (r: IncomingUpload) => ({ ...r, url: r.url.replace('bytes=10', 'bytes=11') }),
    },
    { what: 'no size', change: (r: IncomingUpload) => ({ ...r, url: r.url.replace('bytes=10&', '') }) },
    {
      what: 'no digest',
      change: (r: IncomingUpload) => ({ ...r, url: r.url.replace(/sha256=[0-9a-f]+&/, '') }),
    },
    { what: 'a size said twice', change: (r: IncomingUpload) => ({ ...r, url: `${r.url}&bytes=99` }) },
    { what: 'a shorter signature', change: (r: IncomingUpload) => ({ ...r, url: r.url.slice(0, -1) }) },
    {
      what: 'no signature',
      change: (r: IncomingUpload) => ({ ...r, url: r.url.replace(/&signature=.*/, '') }),
    },
    {
      what: 'another path',
      change: (r: IncomingUpload) => ({ ...r, url: r.url.replace('/_uploads/', '/uploads/') }),
    },
    {
      what: 'another content-length',
      change: (r: IncomingUpload) => ({ ...r, headers: { 'content-length': '11' } }),
    },
    { what: 'no content-length', change: (r: IncomingUpload) => ({ ...r, headers: {} }) },
  ])('fail with $what', async ({ change }) => {
    const { urls, ask } = setup();
    const request = change(await ask());

    const verifying = () => urls.verifyUpload(request);

    expect(verifying).toThrow(expect.objectContaining({ code: 'signature_invalid' }));
  });

  it('fail with any one character changed', async () => {
    const { urls, ask } = setup();
    const request = await ask();
    const path = request.url.slice('http://127.0.0.1:8787'.length);
    const law = fc.property(
      fc.nat(path.length - 1),
      fc.constantFrom(...'0123456789abcdefXYZ/?&=._-'),
      (at, character) => {
        fc.pre(path[at] !== character);
        const url = path.slice(0, at) + character + path.slice(at + 1);

        expect(() => urls.verifyUpload({ ...request, url })).toThrow(InvalidSignatureError);
      },
    );

    fc.assert(law, { numRuns: 500 });
  });

  it('fail under another signing key', async () => {
    const { ask } = setup();
    const request = await ask();
    const other = signedUrls({ baseUrl: 'http://127.0.0.1:8787', signingKey: randomBytes(32) });

    const verifying = () => other.verifyUpload(request);

    expect(verifying).toThrow(InvalidSignatureError);
  });
});

describe('signed download URLs', () => {
  const asked = {
    key: 'artifacts/t1/job_1/attempt-1/report.html',
    expiresInSeconds: 60,
    contentType: 'text/html; charset=utf-8',
  };

  it('give back what was signed', async () => {
    const { urls } = setup();
    const { method, url, headers, expiresAt } = await urls.signDownload(asked);

    const allowed = urls.verifyDownload({ method, url });

    expect(allowed).toEqual({ key: asked.key, contentType: asked.contentType });
    expect(headers).toEqual({});
    expect(expiresAt.toISOString()).toBe('2026-01-01T00:01:01.000Z');
    expect(url).toMatch(
      /^http:\/\/127\.0\.0\.1:8787\/_downloads\/artifacts\/t1\/job_1\/attempt-1\/report\.html\?expires=1767225661&type=text%2Fhtml%3B\+charset%3Dutf-8&signature=[0-9a-f]{64}$/,
    );
  });

  it('fail when their time is over', async () => {
    const { urls, time } = setup();
    const { method, url, expiresAt } = await urls.signDownload(asked);
    time.now = expiresAt;

    const verifying = () => urls.verifyDownload({ method, url });

    expect(verifying).toThrow(expect.objectContaining({ code: 'signature_expired' }));
  });

  it('fail to upload, as an upload’s fails to download', async () => {
    const { urls, ask } = setup();
    const download = await urls.signDownload({ ...asked, key: 'a', contentType: '' });
    const upload = await ask({ key: 'a' });
    const swapped = (url: string) =>
      url.replace(/_(uploads|downloads)/, (_, kind) => (kind === 'uploads' ? '_downloads' : '_uploads'));

    const attempts = [
      () => urls.verifyUpload({ method: 'PUT', url: swapped(download.url), headers: {} }),
      () => urls.verifyDownload({ method: 'GET', url: swapped(upload.url) }),
      () => urls.verifyDownload({ method: 'GET', url: upload.url }),
      () => urls.verifyDownload({ method: 'PUT', url: download.url }),
    ];

    for (const attempt of attempts)
      expect(attempt).toThrow(expect.objectContaining({ code: 'signature_invalid' }));
  });

  it('fail with any one character changed', async () => {
    const { urls } = setup();
    const path = (await urls.signDownload(asked)).url.slice('http://127.0.0.1:8787'.length);
    const law = fc.property(
      fc.nat(path.length - 1),
      fc.constantFrom(...'0123456789abcdefXYZ/?&=._-'),
      (at, character) => {
        fc.pre(path[at] !== character);
        const url = path.slice(0, at) + character + path.slice(at + 1);

        expect(() => urls.verifyDownload({ method: 'GET', url })).toThrow(InvalidSignatureError);
      },
    );

    fc.assert(law, { numRuns: 500 });
  });
});
