import type { JobGrant } from '../../contracts/job-files';

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

/** Object keys hold none of IAM's wildcards, so an entry is taken to the letter but for the folder's star. */
const patternOf = (entry: string) => (entry.endsWith('/') ? `${entry}*` : entry);

const objectsOf = (bucketArn: string, entries: readonly string[]) =>
  entries.map((entry) => `${bucketArn}/${patternOf(entry)}`);

const isFolder = (entry: string) => entry.endsWith('/');

/**
 * What `grantedObjectStore` keeps, said to IAM: the session policy that narrows the job session role to one job's objects
 * and the event queue. IAM takes at most 2,048 characters of it, so it says each thing once.
 */
export function sessionPolicyOf(
  grant: JobGrant,
  { bucketArn, eventQueueArn, keyArn }: SessionResources,
): PolicyDocument {
  const folders = grant.read.filter(isFolder).map(patternOf);
  const statements: (PolicyStatement & { isNeeded: boolean })[] = [
    {
      isNeeded: grant.read.length > 0,
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectAttributes'],
      Resource: objectsOf(bucketArn, grant.read),
    },
    {
      isNeeded: grant.write.length > 0,
      Effect: 'Allow',
      Action: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: objectsOf(bucketArn, grant.write),
    },
    {
      isNeeded: folders.length > 0,
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: bucketArn,
      Condition: { StringLike: { 's3:prefix': folders } },
    },
    { isNeeded: true, Effect: 'Allow', Action: 'sqs:SendMessage', Resource: eventQueueArn },
    { isNeeded: true, Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn },
  ];
  const needed = statements
    .filter(({ isNeeded }) => isNeeded)
    .map(({ isNeeded: _, ...statement }) => statement);
  return { Version: '2012-10-17', Statement: needed };
}
