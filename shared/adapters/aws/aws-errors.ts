import { AppError } from '../../errors/app-error';
import { DependencyError } from '../../errors/store-errors';

/** What we look at in an error of the SDK, of its HTTP handler or of the operating system. */
interface Symptoms {
  name: string;
  message: string;
  code: string;
  status: number;
}

const textOf = (error: object, member: string): string => {
  const value: unknown = Reflect.get(error, member);
  return typeof value === 'string' ? value : '';
};

const statusOf = (error: object): number => {
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : 0;
  return typeof status === 'number' ? status : 0;
};

/** The system's code, also of an error that the SDK wrapped, which keeps it in the message only (`connect ECONNREFUSED …`). */
const codeOf = (error: object): string =>
  textOf(error, 'code') || (/\bE[A-Z_]{4,}\b/.exec(textOf(error, 'message'))?.[0] ?? '');

const symptomsOf = (error: unknown): Symptoms =>
  typeof error === 'object' && error !== null
    ? {
        name: textOf(error, 'name'),
        message: textOf(error, 'message'),
        code: codeOf(error),
        status: statusOf(error),
      }
    : { name: '', message: String(error), code: '', status: 0 };

/** The name by which AWS calls an error (`NoSuchKey`), or ''. */
export const awsErrorName = (error: unknown): string => symptomsOf(error).name;
export const awsErrorStatus = (error: unknown): number => symptomsOf(error).status;

const isOneOf = (names: string) => {
  const set = new Set(names.split(' '));
  return (...found: readonly string[]) => found.some((name) => set.has(name));
};
const isThrottling = isOneOf(
  'ThrottlingException Throttling ThrottledException RequestThrottled RequestThrottledException TooManyRequestsException ProvisionedThroughputExceededException RequestLimitExceeded LimitExceededException SlowDown KMSThrottlingException OverLimit BandwidthLimitExceeded PriorRequestNotComplete TransactionInProgressException',
);
const isNetwork = isOneOf(
  'TimeoutError NetworkingError AbortError RequestTimeout RequestTimeoutException ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN EHOSTUNREACH ENETUNREACH ENOENT',
);
const isDenied = isOneOf(
  'AccessDenied AccessDeniedException UnauthorizedOperation AuthorizationErrorException KMSAccessDeniedException NotAuthorized',
);
const isUnknownCaller = isOneOf(
  'CredentialsProviderError ExpiredToken ExpiredTokenException TokenRefreshRequired InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch InvalidSignatureException MissingAuthenticationToken MissingAuthenticationTokenException',
);
const isMissing = isOneOf(
  'NoSuchBucket ResourceNotFoundException QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue NotFoundException',
);
const isKeyTrouble = isOneOf(
  'DisabledException KMSInvalidStateException KMSDisabledException KMS.DisabledException KMS.InvalidStateException KMS.NotFoundException KmsDisabled KmsInvalidState',
);

const isDeniedSymptom = (s: Symptoms): boolean =>
  isDenied(s.name, s.code) || s.status === 401 || s.status === 403;

/** True where AWS knows the caller and does not let it. */
export const isAccessDenied = (error: unknown): boolean => {
  const symptoms = symptomsOf(error);
  return isDeniedSymptom(symptoms) && !isUnknownCaller(symptoms.name, symptoms.code);
};

/** Why a call failed and what helps; the first line that applies. */
const diagnoses: readonly { applies: (s: Symptoms) => boolean; text: string; retryable: boolean }[] = [
  {
    applies: (s) => isUnknownCaller(s.name, s.code),
    text: 'the credentials of this process are missing, expired or wrong: look at its role',
    retryable: false,
  },
  {
    applies: isDeniedSymptom,
    text: 'access denied: the role of this process lacks a permission for it, on the resource or on its KMS key',
    retryable: false,
  },
  {
    applies: (s) => isKeyTrouble(s.name),
    text: 'the KMS key is disabled or waits for its deletion: enable it',
    retryable: false,
  },
  {
    applies: (s) => isMissing(s.name, s.code),
    text: 'there is no such resource: compare the name in the environment with what is deployed',
    retryable: false,
  },
  {
    applies: (s) => isThrottling(s.name, s.code) || s.status === 429,
    text: 'AWS is throttling: try again later',
    retryable: true,
  },
  { applies: (s) => s.status >= 500, text: 'AWS had a fault of its own: try again later', retryable: true },
  {
    applies: (s) => isNetwork(s.name, s.code),
    text: 'AWS could not be reached, or did not answer in time',
    retryable: true,
  },
];

const unknownDiagnosis = { text: 'AWS refused the request', retryable: false };

/** Explains an error of an AWS call as a `DependencyError`, retryable where trying again can help; our own errors pass as they are. */
export const explainAwsError = (doing: string, error: unknown): AppError => {
  if (error instanceof AppError) return error;
  const symptoms = symptomsOf(error);
  const { text, retryable } = diagnoses.find(({ applies }) => applies(symptoms)) ?? unknownDiagnosis;
  const evidence = [symptoms.code || symptoms.name, symptoms.message]
    .filter((part) => part !== '')
    .join(': ');
  return new DependencyError(`cannot ${doing}: ${text} (${evidence})`, { retryable, cause: error });
};

/** Narrow errors by the name that AWS gives them. */
export type KnownErrors = Readonly<Record<string, (cause: unknown) => AppError>>;

/** Awaits an AWS call; its failure becomes the narrow error of that name, or else a `DependencyError`. */
export const callAws = async <T>(doing: string, call: Promise<T>, known: KnownErrors = {}): Promise<T> => {
  try {
    return await call;
  } catch (error) {
    throw known[awsErrorName(error)]?.(error) ?? explainAwsError(doing, error);
  }
};
