import {
  type ContractMetricName,
  contractMetric,
  contractMetrics,
  isContractMetric,
} from '../contracts/compression/contract-metrics';
import type { CompressSpec } from '../contracts/kinds/compress';
import type { ModelSignature } from '../contracts/model';
import type { OrderModel } from '../contracts/run-order';
import type { Violation } from '../errors/app-error';
import { BadSpecError } from '../errors/job-errors';
import {
  type EvaluationColumns,
  inputViolations,
  isLanguageModel,
  truthViolations,
} from './check-evaluation';

/** What is known of the rows that candidates are to be judged by. */
export interface JudgedData {
  readonly signature: ModelSignature;
  /** Whether there is a column with the truth. */
  readonly labelled: boolean;
}

/** What a model is judged as: a language model classifies texts by the token that follows. */
export function judgedSignature(signature: ModelSignature, target: string | undefined): ModelSignature {
  const asked = target === undefined ? signature : { ...signature, target };
  return isLanguageModel(signature) ? { ...asked, task: 'classification' } : asked;
}

function defaultMetric({ signature, labelled }: JudgedData): ContractMetricName {
  const tells = (signature.classes?.length ?? 0) > 1;
  if (!labelled || (signature.task === 'classification' && !tells)) return tells ? 'agreement' : 'fidelity';
  if (isLanguageModel(signature)) return 'log_loss';
  return signature.task === 'regression' ? 'r2' : 'accuracy';
}

const namesFor = (data: JudgedData): string =>
  Object.keys(contractMetrics)
    .filter(isContractMetric)
    .filter((name) => whyNot(name, data) === undefined)
    .join(', ');

function whyNot(name: ContractMetricName, { signature, labelled }: JudgedData): string | undefined {
  const { task, ofOriginal } = contractMetric(name);
  if (ofOriginal) return undefined;
  if (signature.task === 'classification' && (signature.classes?.length ?? 0) < 2)
    return 'needs the classes, and the model does not say them: import it with a signature that has classes, in the order of its probabilities';
  if (!labelled)
    return signature.target === undefined
      ? 'needs the truth, and the model does not say which column has it: give it as target'
      : `needs the truth, and the data set has no column '${signature.target}'`;
  if (task !== signature.task) return `is a metric of ${task}, and the model's task is ${signature.task}`;
  if (name === 'top_k_accuracy' && (signature.classes?.length ?? 0) < 3)
    return `needs three classes or more, and the model has ${signature.classes?.length ?? 0}`;
  return undefined;
}

/** The metric that a contract is about. `BadSpecError` where the data cannot give it, with those that they can. */
export function metricOfContract(
  { contract: { metric } }: CompressSpec,
  data: JudgedData,
  at = '/spec',
): ContractMetricName {
  if (metric === undefined) return defaultMetric(data);
  const reason = whyNot(metric, data);
  if (reason === undefined) return metric;
  const detail = `the metric ${metric} ${reason}; these data allow ${namesFor(data)}`;
  throw new BadSpecError(detail, [{ pointer: `${at}/contract/metric`, detail }]);
}

/** Whether the data have the column that the truth is in. */
export const isLabelled = (
  { task, target }: Pick<ModelSignature, 'task' | 'target'>,
  columns: readonly { readonly name: string }[],
): boolean => task !== 'other' && columns.some(({ name }) => name === target);

export interface CompressionColumns extends Pick<EvaluationColumns, 'columns' | 'nearest'> {
  readonly spec: CompressSpec;
  /** As `judgedSignature` gives it. */
  readonly signature: ModelSignature;
}

/** `BadSpecError` where a step asks for what no model of this kind can have. */
export function refuseSteps({ methods }: CompressSpec, signature: ModelSignature): void {
  const distils = methods.flat().some((step) => typeof step === 'object' && step.name === 'distill');
  if (!distils || !isLanguageModel(signature)) return;
  const detail = 'a language model has no student here: distill learns from rows of a table';
  throw new BadSpecError(detail, [{ pointer: '/spec/methods', detail }]);
}

/** Everything that a data set lacks for a compression: the model's inputs, and the truth where a spec names its column. */
export function compressionViolations({ spec, signature, ...data }: CompressionColumns): Violation[] {
  const { task, target } = signature;
  const named = spec.target !== undefined || isLabelled(signature, data.columns);
  if (task === 'other' || target === undefined || !named) return inputViolations(data, signature);
  const pointer = spec.target === undefined ? '/spec/dataset' : '/spec/target';
  return [
    ...inputViolations(data, signature),
    ...truthViolations(data, { ...signature, task, target }, pointer),
  ];
}

/** `BadSpecError` where a teacher tells other classes apart, or in another order, than the model whose place its student takes. */
export function refuseTeacherOfOthers(
  { name, version, signature }: Pick<OrderModel, 'name' | 'version' | 'signature'>,
  model: ModelSignature,
): void {
  const [own, wanted] = [signature, model].map((each) => (each?.classes ?? []).map(String));
  const same = own?.join('\n') === wanted?.join('\n');
  if (same && signature?.task === model.task) return;
  const told = (classes: readonly string[] = []) => classes.map((one) => `'${one}'`).join(', ') || 'none';
  const detail = `version ${version} of the model '${name}' tells the classes ${told(own)} apart, and the model that is compressed ${told(wanted)}; give a teacher of the same classes in the same order`;
  throw new BadSpecError(`the teacher cannot teach this: ${detail}`, [{ pointer: '/spec/methods', detail }]);
}
