import type { SignedUrls } from '../../shared/adapters/embedded/signed-urls';
import { NotFoundError } from '../../shared/errors/request-errors';
import { fileNameOf } from '../../shared/ports/object-key';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { LocalAnswer } from './proxy-event';

/** Should a browser show the file all the same, it is a page of no origin that runs nothing and fetches nothing. */
const policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'";

/** S3's part in a presigned download: streams the object, to be saved as a file, if the signature holds. */
export const sendDownload =
  (objects: ObjectStore, urls: SignedUrls) =>
  async (url: URL): Promise<LocalAnswer> => {
    const { key, contentType } = urls.verifyDownload({ method: 'GET', url: url.href });
    const found = await objects.head(key);
    if (found === undefined) throw new NotFoundError('file', fileNameOf(key));
    return {
      statusCode: 200,
      headers: {
        'content-type': contentType,
        'content-length': found.bytes,
        'content-disposition': `attachment; filename="${fileNameOf(key)}"`,
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-store',
      },
      body: '',
      stream: await objects.get(key),
    };
  };
