import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';

// CDK writes an optional member as `name?: T` in its interfaces and as `name?: T | undefined` in its classes, which
// `exactOptionalPropertyTypes` tells apart. Nothing but a cast can say that the two mean the same.

export const asBucket = (bucket: Bucket): IBucket => bucket as IBucket;
export const asVpc = (vpc: Vpc): IVpc => vpc as IVpc;
