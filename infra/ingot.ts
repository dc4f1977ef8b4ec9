import { type App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApiStack } from './stacks/api-stack';
import { DataStack } from './stacks/data-stack';
import { JobsStack } from './stacks/jobs-stack';
import { ObservabilityStack } from './stacks/observability-stack';
import { readStage } from './stages';

/**
 * Everything that Ingot is in an account: what is kept, what runs the jobs, what answers, what watches.
 * No stack names an account or a region, so that it synthesizes without credentials and deploys wherever the CLI points.
 */
export function addIngot(app: App) {
  const stage = readStage((name) => app.node.tryGetContext(name));
  const shared = { stage, terminationProtection: stage.keepData };
  const named = (part: string) => `ingot-${stage.name}-${part}`;

  const data = new DataStack(app, named('data'), shared);
  const jobs = new JobsStack(app, named('jobs'), { ...shared, data });
  const api = new ApiStack(app, named('api'), { ...shared, data, jobs });
  const observability = new ObservabilityStack(app, named('observability'), { ...shared, data, jobs, api });

  Tags.of(app).add('ingot:stage', stage.name);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return { data, jobs, api, observability };
}
