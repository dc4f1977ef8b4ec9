import type { env } from '../../shared/config/env';

export interface Permission {
  actions: readonly string[];
  resources: readonly string[];
  /** cdk-nag's name of each wildcard among the resources, and the reason why it cannot be narrower. */
  wildcards?: Readonly<Record<string, string>>;
}

/**
 * Whatever runs our code: a Lambda function, or the containers of jobs. Constructs grant through it and name themselves
 * through it in one method, so that nobody has a permission without its variable, or a variable without its permission.
 */
export interface Workload {
  allow(permission: Permission): void;
  setVariable(name: keyof typeof env, value: string): void;
}
