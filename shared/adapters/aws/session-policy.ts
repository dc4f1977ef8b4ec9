import type { JobGrant } from '../../contracts/job-files';
import { PayloadTooLargeError } from '../../errors/request-errors';
import { checkKeyPrefix } from '../../ports/object-key';

export interface SessionResources {
  bucketArn: string;
  eventQueueArn: string;
  /** The key under which bucket and queue encrypt. */
  keyArn: string;
}

export interface PolicyStatement {
  Effect: 'Allow';
  Action: string | readonly string[];
  Resource: string | readonly string[];
  Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface PolicyDocument {
  Version: '2012-10-17';
  Statement: readonly PolicyStatement[];
}

/** IAM's limit for a session policy. */
const longestPolicy = 2048;

/** The stars are for the objects' tags and for brevity; a session gets nothing that its role does not have. */
const readActions = ['s3:GetObject*'];
const writeActions = ['s3:PutObject*', 's3:DeleteObject', 's3:AbortMultipartUpload'];

const isFolder = (entry: string): boolean => entry.endsWith('/');

/** An entry as IAM matches it. Object keys hold none of IAM's wildcards, so only the folder's star is one. */
const patternOf = (entry: string): string => `${checkKeyPrefix(entry)}${isFolder(entry) ? '*' : ''}`;

const objectsOf = (bucketArn: string, entries: readonly string[]) =>
  entries.map((entry) => `${bucketArn}/${patternOf(entry)}`);

const onObjects = (
  actions: readonly string[],
  bucketArn: string,
  entries: readonly string[],
): PolicyStatement[] =>
  entries.length === 0 ? [] : [{ Effect: 'Allow', Action: actions, Resource: objectsOf(bucketArn, entries) }];

/** Only below a folder that may be read: listing by the name of a single object would show its neighbours. */
const onList = (bucketArn: string, folders: readonly string[]): PolicyStatement[] =>
  folders.length === 0
    ? []
    : [
        {
          Effect: 'Allow',
          Action: 's3:ListBucket',
          Resource: bucketArn,
          Condition: { StringLike: { 's3:prefix': folders.map(patternOf) } },
        },
      ];

const refuseTooLong = (policy: PolicyDocument): PolicyDocument => {
  const { length } = JSON.stringify(policy);
  if (length > longestPolicy)
    throw new PayloadTooLargeError(
      `the job's grant makes a session policy of ${length} characters, but IAM takes ${longestPolicy}: give the job fewer inputs`,
    );
  return policy;
};

/** Each entry once, with all that it allows. */
const objectStatements = ({ read, write }: JobGrant, bucketArn: string): PolicyStatement[] => {
  const both = read.filter((entry) => write.includes(entry));
  const isOne = (entry: string) => !both.includes(entry);
  return [
    ...onObjects([...readActions, ...writeActions], bucketArn, both),
    ...onObjects(readActions, bucketArn, read.filter(isOne)),
    ...onObjects(writeActions, bucketArn, write.filter(isOne)),
  ];
};

/**
 * What `grantedObjectStore` keeps, said to IAM: the session policy that narrows the job session role to one job's objects
 * and the event queue. `PayloadTooLargeError` above the 2,048 characters that IAM takes, so it says each thing once.
 */
export function sessionPolicyOf(grant: JobGrant, resources: SessionResources): PolicyDocument {
  const { bucketArn, eventQueueArn, keyArn } = resources;
  return refuseTooLong({
    Version: '2012-10-17',
    Statement: [
      ...objectStatements(grant, bucketArn),
      ...onList(bucketArn, grant.read.filter(isFolder)),
      // an action on a queue says nothing of keys, and the other way round
      {
        Effect: 'Allow',
        Action: ['sqs:SendMessage', 'kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: [eventQueueArn, keyArn],
      },
    ],
  });
}
