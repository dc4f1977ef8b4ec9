import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { z } from 'zod';
import { addIngot } from '../../infra/ingot';
import type { FunctionName } from '../../shared/config/env';

/** Part of a template, typed as CDK's own assertions type it. */
type Json = ReturnType<Template['findResources']>[string][string];

// CDK's own rules for CloudFormation take seconds in each test file; `npm run synth` asks them
process.env.CDK_VALIDATION = 'false';

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
});
const templateSchema = z.object({ Resources: z.record(z.string(), resourceSchema) });
const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/** One resource of a synthesized template. */
export interface Resource {
  /** `data`, `jobs`, `api` or `observability`. */
  stack: string;
  id: string;
  /** Without `AWS::`. */
  type: string;
  properties: Record<string, Json>;
  deletionPolicy: string | undefined;
}

const resourcesOf = (stack: Stack): Resource[] =>
  Object.entries(templateSchema.parse(Template.fromStack(stack).toJSON()).Resources).map(([id, found]) => ({
    stack: stack.stackName.split('-').at(-1) ?? '',
    id,
    type: found.Type.replace('AWS::', ''),
    properties: found.Properties,
    deletionPolicy: found.DeletionPolicy,
  }));

/** The whole app as `cdk synth` makes it; `context` as by `-c`. Without `bundle`, functions have no code. */
export function synthesize(context: Record<string, string> = {}, { bundle = false } = {}) {
  const fromFile = cdkJson.parse(JSON.parse(readFileSync('cdk.json', 'utf8'))).context;
  const app = new App({
    outdir: mkdtempSync(join(tmpdir(), 'ingot-synth-')),
    analyticsReporting: false,
    context: { ...fromFile, 'aws:cdk:bundling-stacks': bundle ? ['**'] : [], ...context },
  });
  const stacks = addIngot(app);
  app.synth();
  const resources = Object.values(stacks).flatMap(resourcesOf);
  const ofType = (...types: string[]) => resources.filter(({ type }) => types.includes(type));

  /** The template's resource for each Lambda function, by the name of its entry file. */
  const functions = new Map<FunctionName, Resource>();
  for (const made of [...stacks.jobs.functions, ...stacks.api.functions]) {
    const found = resources.find(({ id }) => id === made.stack.resolve(made.functionArn)['Fn::GetAtt'][0]);
    if (found !== undefined) functions.set(made.entryName, found);
  }
  const findings = () => new AwsSolutionsChecks(app).validateScope(app).violations;
  return { app, stacks, resources, ofType, functions, findings };
}

export type Synthesized = ReturnType<typeof synthesize>;

/** Whether a value of the template refers to the resource with this id, in its own stack or from another. */
export const refersTo = (value: unknown, id: string): boolean => JSON.stringify(value ?? null).includes(id);

export interface Statement {
  Effect: string;
  Action: string[];
  Resource: unknown[];
  Principal?: unknown;
  Condition?: Json;
}

const listOf = <T>(value: T | T[]): T[] => (Array.isArray(value) ? value : [value]);

/** The statements of a policy document, with lists where IAM allows single values. */
export const statementsOf = (document: Json): Statement[] =>
  (document?.Statement ?? []).map((statement: Json) => ({
    ...statement,
    Action: listOf(statement.Action),
    Resource: listOf(statement.Resource),
  }));
