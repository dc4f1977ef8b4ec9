import { DependencyError } from '../../errors/store-errors';

/** The system's code of a failed file operation (`ENOENT`), or undefined for any other error. */
export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const fullDisk = 'there is no room left on its disk: make room, then try again';
const explanations: Readonly<Record<string, { text: string; retryable: boolean }>> = {
  ENOSPC: { text: fullDisk, retryable: true },
  EDQUOT: { text: fullDisk, retryable: true },
  EFBIG: { text: 'the file is larger than its disk or the limits of this process allow', retryable: true },
  EACCES: {
    text: 'this user may not use the file: look at the owner and mode of the folder',
    retryable: false,
  },
  EPERM: {
    text: 'this user may not use the file: look at the owner and mode of the folder',
    retryable: false,
  },
  EROFS: { text: 'its disk is mounted read-only', retryable: false },
  EMFILE: { text: 'too many files are open: raise the limit of open files', retryable: true },
  ENFILE: { text: 'too many files are open: raise the limit of open files', retryable: true },
  EIO: { text: 'its disk failed', retryable: false },
};

/** Explains a failed file operation as a `DependencyError`; an error that the system did not raise passes as it is. */
export const explainFileError = (doing: string, error: unknown): unknown => {
  const errno = errnoOf(error);
  const known = errno === undefined ? undefined : explanations[errno];
  return known === undefined
    ? error
    : new DependencyError(`cannot ${doing}: ${known.text} (${errno})`, {
        retryable: known.retryable,
        cause: error,
      });
};
