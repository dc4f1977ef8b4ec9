import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';

/**
 * A target of `jobs/Dockerfile`. Synthesis only takes the digest of what `.dockerignore` lets through; the CLI builds and
 * pushes on deploy, and only where that digest is new.
 */
export const jobImage = (target: 'cpu' | 'cuda'): ContainerImage =>
  ContainerImage.fromAsset(process.cwd(), {
    file: 'jobs/Dockerfile',
    target,
    platform: Platform.LINUX_AMD64,
  });
